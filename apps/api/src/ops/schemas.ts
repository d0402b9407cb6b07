// What /health answers.

import Joi from 'joi';

export const health = Joi.object({
  status: Joi.string().valid('ok', 'degraded', 'down').required(),
  version: Joi.string().required(),
  dependencies: Joi.object({
    database: Joi.object({ status: Joi.string().valid('up', 'down').required() }).required(),
    queue: Joi.object({
      status: Joi.string().valid('up', 'down').required(),
      backend: Joi.string().valid('redis', 'postgresql').required(),
    }).required(),
  }).required(),
}).meta({ name: 'Health' });
