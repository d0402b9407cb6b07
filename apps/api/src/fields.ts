// The kinds of field that several schemas share. Each says in a pattern what JSON Schema can say too, so that the
// published document and the server agree; nothing here changes a value.

import Joi from 'joi';

/** At the most `max` characters as JSON Schema counts them, code points, in the form in which they are stored. */
const atMost = (max: number): Joi.CustomValidator<string> => {
  return (value, helpers) =>
    [...value.normalize('NFC')].length > max ? helpers.error('string.max', { limit: max }) : value;
};

/** One line of text with something to see in it. */
export const line = (max: number) =>
  Joi.string()
    .pattern(/^(?=.*[^\s\p{C}\p{Z}])[^\p{Cc}\p{Zl}\p{Zp}]+$/u, 'one line of text')
    .custom(atMost(max))
    .meta({ published: { maxLength: max } });

/** Any text, the empty one too. */
export const free = (max: number) =>
  Joi.string()
    .allow('')
    .custom(atMost(max))
    .meta({ published: { maxLength: max } });

/** Text that may have several lines. */
export const text = (max: number) =>
  Joi.string()
    .pattern(/[^\s\p{C}\p{Z}]/u, 'text')
    .custom(atMost(max))
    .meta({ published: { maxLength: max } });

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';

/** The addresses that mail systems agree on: dotted words, a domain with a dot. Compared in lower case. */
export const email = () =>
  Joi.string()
    .max(254)
    .pattern(new RegExp(`^(?=[^@]{1,64}@)${ATOM}(?:\\.${ATOM})*@${LABEL}(?:\\.${LABEL})+$`), 'email address')
    .meta({ format: 'email' })
    .example('ada@example.com');

/** E.164; spaces, dots, dashes and brackets between the digits are allowed and not kept. */
export const phone = () =>
  Joi.string()
    .max(40)
    .pattern(/^\+[1-9](?:[ ().-]*[0-9]){6,14}$/, 'international phone number, such as +44 20 7123 4567')
    .example('+442071234567');

// From the year 1000: before that nobody agrees on how a year is written.
const DAY = '[12]\\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,9})?';
const OFFSET = '(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)';

/** Refuses the 30th of February, as the published format does. */
const realDay: Joi.CustomValidator<string> = (value, helpers) => {
  const date = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  return date.toISOString().startsWith(value.slice(0, 10)) ? value : helpers.error('string.isoDate');
};

/** A calendar day, YYYY-MM-DD. */
export const day = () =>
  Joi.string()
    .pattern(new RegExp(`^${DAY}$`), 'YYYY-MM-DD')
    .custom(realDay)
    .meta({ format: 'date' })
    .example('1815-12-10');

/** A calendar month, YYYY-MM. */
export const month = () =>
  Joi.string()
    .pattern(/^[12]\d{3}-(?:0[1-9]|1[0-2])$/, 'YYYY-MM')
    .example('2026-01');

/** RFC 3339, with its offset. */
export const timestamp = () =>
  Joi.string()
    .pattern(new RegExp(`^${DAY}T${TIME}${OFFSET}$`), 'RFC 3339 date and time with offset')
    .custom(realDay)
    .meta({ format: 'date-time' })
    .example('2026-01-02T03:04:05.678Z');

export const uuid = () =>
  Joi.string()
    .pattern(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'id')
    .meta({ format: 'uuid' })
    .example('0197f0a4-5b6c-7d8e-9f00-112233445566');

/** As we make them, so that two that are equal look the same. */
export const lowerCaseUuid = () =>
  Joi.string()
    .pattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'UUID in lower case')
    .meta({ format: 'uuid' })
    .example('0197f0a4-5b6c-7d8e-9f00-112233445566');

/** One page of a list. */
export const page = {
  limit: Joi.number().integer().min(1).max(200).default(25).description('How many items at the most'),
  cursor: Joi.string().max(200).description('`next_cursor` of the page before'),
};

export const listOf = (item: Joi.Schema) =>
  Joi.object({
    items: Joi.array().items(item).required(),
    next_cursor: Joi.string().allow(null).required().description('Null on the last page'),
  });
