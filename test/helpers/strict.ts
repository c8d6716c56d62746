import assert from 'node:assert/strict';

/** The assertions that helpers of end-to-end tests use: those of ava in a test, those of Node outside of one. */
export type Asserts = {
	is(actual: unknown, expected: unknown, message?: string): unknown;
	true(actual: unknown, message?: string): unknown;
	deepEqual(actual: unknown, expected: unknown, message?: string): unknown;
};

export const strict: Asserts = {
	is(actual, expected, message = '') {
		assert.equal(actual, expected, message);
	},
	true(actual, message = '') {
		assert.equal(actual, true, message);
	},
	deepEqual(actual, expected, message = '') {
		assert.deepEqual(actual, expected, message);
	},
};
