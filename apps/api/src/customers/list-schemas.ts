// What a list of customers may be asked for, and what it looks like.

import { CUSTOMER_STATUSES, TIERS } from '@customer-service/domain';
import { CUSTOMER_SORTS } from '@customer-service/store';
import Joi from 'joi';
import { email, line, listOf, page, phone, timestamp } from '../fields.ts';
import { customer } from './schemas.ts';

export const customerList = listOf(customer)
  .keys({
    total: Joi.number().integer().description('Of all pages together; with `include_total=true` only'),
  })
  .meta({ name: 'CustomerList' });

const facet = (max: number, what: string) => line(max).description(`${what}, in any case, with or without accents`);
const figure = () => Joi.number().integer().min(0);
const from = (what: string) => timestamp().description(`${what} at this moment or later`);
const to = (what: string) => timestamp().description(`${what} before this moment`);

export const listQuery = Joi.object({
  ...page,
  cursor: Joi.string()
    .max(1_000)
    .description('`next_cursor` of the page before, with the same filters, search and sort'),
  search: line(200).description(
    'What somebody remembers: words of the name, email, phone or external id, all of which must fit. Accents, capitals ' +
      'and the way a phone number is written do not matter. The best come first: whole words, beginnings of words, ' +
      'parts, names spelt much like it; the newest first among equals. Not together with `sort`. Of less than three ' +
      'characters, parts are found among the newest 10,000 customers only',
  ),
  sort: Joi.string()
    .valid(...CUSTOMER_SORTS)
    .description('With `-`: descending. `-created` when neither this nor `search` is given'),
  include_total: Joi.boolean().description('Whether to count all customers of the list: slow when there are very many'),
  status: Joi.string().valid(...CUSTOMER_STATUSES),
  tier: Joi.string().valid(...TIERS),
  email: email(),
  phone: phone(),
  external_id: line(100),
  tag: facet(50, 'One of the tags'),
  city: facet(100, 'The city of one of the addresses'),
  country: Joi.string()
    .pattern(/^[A-Za-z]{2}$/, 'ISO 3166-1 alpha-2')
    .description('The country of one of the addresses'),
  dietary_restriction: facet(100, 'One of the dietary restrictions'),
  allergen: facet(100, 'One of the allergens'),
  birthday_month: Joi.number().integer().min(1).max(12),
  points_min: figure().description('The smallest `points_available`'),
  points_max: figure().description('The largest'),
  spent_min: figure().description('The smallest `total_spent_minor`'),
  spent_max: figure().description('The largest'),
  created_from: from('Created'),
  created_to: to('Created'),
  updated_from: from('Updated'),
  updated_to: to('Updated'),
  last_visit_from: from('The latest purchase occurred'),
  last_visit_to: to('The latest purchase occurred'),
});
