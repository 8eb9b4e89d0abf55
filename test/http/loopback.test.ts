import { expect, test } from 'vitest';
import { hostName, isLoopback, originName } from '../../src/http/loopback.ts';

test.each([
  ['localhost', true],
  ['LOCALHOST', true],
  ['127.0.0.1', true],
  ['127.8.9.10', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['localhost.example.com', false],
  ['127.1', false],
  ['', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test.each([
  ['localhost:4319', 'localhost'],
  ['127.0.0.1', '127.0.0.1'],
  ['[::1]:4319', '[::1]'],
  ['user@localhost', undefined],
  ['localhost:80:80', undefined],
  ['local host', undefined],
  ['', undefined],
  [undefined, undefined],
])('the host header %s names %s', (header, expected) => {
  expect(hostName(header)).toBe(expected);
});

test.each([
  ['http://localhost:3000', 'localhost'],
  ['https://example.com', 'example.com'],
  ['null', undefined],
  ['file://', undefined],
])('the origin %s names %s', (header, expected) => {
  expect(originName(header)).toBe(expected);
});
