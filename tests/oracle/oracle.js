/*
 * oracle.js - Plivo's own SDK, asked one question per line.
 *
 * Reads JSON lines on stdin, answers each with one JSON line on stdout, in
 * order. It judges our XML and our signer with the code that Plivo publishes;
 * it knows nothing of our server. Found through NODE_PATH: node_modules lives
 * under the build folder, not beside this file.
 *
 *   {"op":"dial_xml","caller_id":"1…","number":"1…","attributes":{…}} -> {"xml":"…"}
 *   {"op":"play_xml","url":"https://…"}                          -> {"xml":"…"}
 *   {"op":"refusal_xml","sentence":"…","attributes":{…}}         -> {"xml":"…"}
 *   {"op":"message_xml","src":"1…","dst":"1…","text":"…"}         -> {"xml":"…"}
 *   {"op":"code_xml","sentence":"…","speak":{…},"attributes":{…}} -> {"xml":"…"}
 *   {"op":"recorded_xml","sentence":"…","speak":{…},"record":{…},
 *    "number":"1…","attributes":{…}}                             -> {"xml":"…"}
 *   {"op":"empty_xml"}                                           -> {"xml":"…"}
 *   {"op":"validate_v3","method":"POST","url":"…","nonce":"…","token":"…",
 *    "signature":"…","params":{"name":["value",…],…}}            -> {"valid":true}
 *   {"op":"validate_v2","url":"…","nonce":"…","token":"…","signature":"…"}
 *                                                                -> {"valid":true}
 */
'use strict';

const plivo = require('plivo');
const readline = require('readline');

const answers = {
  dial_xml(question) {
    const response = plivo.Response();
    const attributes = { callerId: question.caller_id, ...question.attributes };
    response.addDial(attributes).addNumber(question.number);
    return { xml: response.toXML() };
  },
  play_xml(question) {
    const response = plivo.Response();
    response.addPlay(question.url);
    response.addHangup();
    return { xml: response.toXML() };
  },
  refusal_xml(question) {
    const response = plivo.Response();
    response.addSpeak(question.sentence, question.attributes);
    response.addHangup();
    return { xml: response.toXML() };
  },
  message_xml(question) {
    const response = plivo.Response();
    response.addMessage(question.text, { src: question.src, dst: question.dst });
    return { xml: response.toXML() };
  },
  code_xml(question) {
    const response = plivo.Response();
    response.addGetDigits(question.attributes).addSpeak(question.sentence, question.speak);
    response.addHangup();
    return { xml: response.toXML() };
  },
  recorded_xml(question) {
    const response = plivo.Response();
    response.addSpeak(question.sentence, question.speak);
    response.addRecord(question.record);
    response.addDial(question.attributes).addNumber(question.number);
    return { xml: response.toXML() };
  },
  empty_xml() {
    return { xml: plivo.Response().toXML() };
  },
  validate_v3(question) {
    const { method, url, nonce, token, signature, params } = question;
    return { valid: plivo.validateV3Signature(method, url, nonce, token, signature, params) };
  },
  validate_v2(question) {
    const { url, nonce, token, signature } = question;
    return { valid: plivo.validateSignature(url, nonce, signature, token) };
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  let answer;
  try {
    const question = JSON.parse(line);
    answer = answers[question.op](question);
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
});
