/** As google-call.mjs, in CommonJS, with the package that `SDK` names; `FIRST` is required before it. */
if (process.env.FIRST) require(process.env.FIRST);
const { GoogleGenAI } = require(process.env.SDK);
require('./google-call-ways.mjs').oneCall(GoogleGenAI);
