export * from '@langchain/anthropic';
