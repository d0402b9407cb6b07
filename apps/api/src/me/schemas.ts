// What a caller is told of itself.

import { PERMISSIONS, ROLES } from '@customer-service/domain';
import Joi from 'joi';

export const me = Joi.object({
  sub: Joi.string().required().description('Subject of the token'),
  role: Joi.string()
    .valid(...ROLES)
    .required(),
  permissions: Joi.array()
    .items(Joi.string().valid(...PERMISSIONS))
    .required()
    .description('On every customer; whatever is not among them is refused'),
  adjustment_limit: Joi.number()
    .integer()
    .required()
    .description('Points of the largest correction by hand that needs no second person'),
}).meta({ name: 'Me' });
