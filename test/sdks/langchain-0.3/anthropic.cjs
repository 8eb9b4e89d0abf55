module.exports = require('@langchain/anthropic');
