import {type ApiObject, isObject, type Json, type JsonObject} from '../types.ts';
import {since} from './duration.ts';

/** One column of a Table and how its cell is made. `now` in milliseconds since the epoch. */
export type Column = {
	name: string;
	type: string;
	format: string;
	description: string;
	/** Above 0: shown with `-o wide` only. */
	priority: number;
	cell: (object: ApiObject, now: number) => Json;
};

type Cell = Column['cell'];

export const column = (name: string, description: string, cell: Cell): Column => ({
	name,
	type: 'string',
	format: '',
	description,
	priority: 0,
	cell,
});
export const wide = (name: string, description: string, cell: Cell): Column => ({
	...column(name, description, cell),
	priority: 1,
});

export const nameColumn: Column = {
	...column('Name', 'Name of the object, unique within its namespace.', object => object.metadata.name),
	format: 'name',
};
export const ageColumn = column('Age', 'Time since the object was created.', (object, now) =>
	since(object.metadata.creationTimestamp, now),
);
export const createdColumn: Column = {
	...column('Created At', 'When the object was created.', object => object.metadata.creationTimestamp ?? null),
	type: 'date',
};

type Fields = JsonObject | ApiObject;

/** The part of an object as a map; an empty one when it is missing or something else. */
export const part = (object: Fields, field: string): JsonObject => {
	const value = object[field];
	return isObject(value) ? value : {};
};

/** The maps in a list; empty when the field is missing or something else. */
export const items = (object: Fields, field: string): JsonObject[] => {
	const value = object[field];
	return Array.isArray(value) ? value.filter(isObject) : [];
};

export const text = (object: Fields, field: string): string => {
	const value = object[field];
	return typeof value === 'string' ? value : '';
};

export const orNone = (value: string): string => (value === '' ? '<none>' : value);
