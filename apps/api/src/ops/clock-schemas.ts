// The test clock, going in and coming out.

import Joi from 'joi';
import { timestamp } from '../fields.ts';

export const setClock = Joi.object({
  now: timestamp().required().description('Not before anything that was accepted'),
}).meta({ name: 'NewTestClock' });

export const clock = Joi.object({ now: timestamp().required() }).meta({ name: 'TestClock' });
