/*
 * server.js - the same work as a Node.js team would write it: Express, pg with a pool,
 * Plivo's official SDK for signatures and XML, one process per core.
 */
'use strict';

const cluster = require('cluster');
const crypto = require('crypto');
const os = require('os');
const express = require('express');
const { Pool } = require('pg');
const plivo = require('plivo');

const { PORT, PLIVO_AUTH_TOKEN, PUBLIC_URL, PGHOST, PGPORT, PGDATABASE } = process.env;

function serve() {
  const pool = new Pool({ host: PGHOST, port: PGPORT, database: PGDATABASE, user: 'masking_server', max: 16 });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.use(express.urlencoded({ extended: false }), (request, response, next) => {
    const valid = plivo.validateV3Signature('POST', PUBLIC_URL + request.originalUrl,
      request.get('X-Plivo-Signature-V3-Nonce'), PLIVO_AUTH_TOKEN,
      request.get('X-Plivo-Signature-V3'), request.body);
    if (valid) {
      next();
    } else {
      response.status(403).end();
    }
  });

  app.post(['/dial/event', '/dial/action', '/hangup'], async (request, response, next) => {
    try {
      await pool.query({
        name: 'call_events',
        text: 'INSERT INTO bench.call_events (call_uuid, event) VALUES ($1, $2)',
        values: [request.body.CallUUID, request.body],
      });
      response.type('application/xml').send(plivo.Response().toXML());
    } catch (error) {
      next(error);
    }
  });

  app.post('/answer', async (request, response, next) => {
    try {
      const { CallUUID, From, To } = request.body;
      const { rows } = await pool.query({
        name: 'answer_calls',
        text: 'SELECT outcome, counterpart FROM masking.answer_calls($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])',
        values: [[CallUUID], [From], [To], [crypto.randomBytes(8).readBigUInt64LE() >> 1n]],
      });
      const reply = plivo.Response();
      if (rows[0].outcome === 'connected') {
        reply.addDial({ callerId: To }).addNumber(rows[0].counterpart);
      } else {
        reply.addSpeak('Sorry, this call cannot be connected.');
        reply.addHangup();
      }
      response.type('application/xml').send(reply.toXML());
    } catch (error) {
      next(error);
    }
  });

  app.listen(PORT, '127.0.0.1');
}

if (cluster.isPrimary) {
  process.on('SIGTERM', () => process.exit(0));
  os.cpus().forEach(() => cluster.fork());
} else {
  serve();
}
