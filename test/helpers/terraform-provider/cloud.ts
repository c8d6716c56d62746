import {existsSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import type {ObjectValue} from './values.ts';

/** What is to go wrong, and how often. `address` is a prefix of a resource type, or `type.name` where the object has a name. */
export type Fault = {
	type: string;
	/** Compared with the object's `name` where it has one. */
	name?: string;
	action: 'configure' | 'create' | 'update' | 'delete' | 'read';
	/** Text of the error, as the real provider would print it. */
	message: string;
	/** The object exists although the call failed. */
	halfCreated?: boolean;
	/** Milliseconds before the answer. */
	delayMs?: number;
	/** How many calls fail; all when it is left out. */
	times?: number;
};

export type CloudObject = {type: string; values: ObjectValue};

/** A cloud that exists in one file: what was made, what was asked, what is to fail. */
export type CloudFile = {
	counter: number;
	objects: Record<string, CloudObject>;
	faults: Fault[];
	/** Answers of data sources by type, merged over what is made up. */
	data: Record<string, ObjectValue>;
	/** What changed, in order: `create aws_vpc.vpc-1`. */
	log: string[];
	/** Configuration of each provider as Terraform gave it. */
	configured: Record<string, ObjectValue>;
};

export const emptyCloud = (): CloudFile => ({counter: 0, objects: {}, faults: [], data: {}, log: [], configured: {}});

/** The cloud in `file`. Providers are processes of their own, so every access reads the file and every change writes it whole. */
export const openCloud = (file: string) => {
	const read = (): CloudFile =>
		existsSync(file) ? {...emptyCloud(), ...(JSON.parse(readFileSync(file, 'utf8')) as Partial<CloudFile>)} : emptyCloud();
	const change = <T>(edit: (cloud: CloudFile) => T): T => {
		const cloud = read();
		const result = edit(cloud);
		const aside = `${file}.${process.pid}`;
		writeFileSync(aside, JSON.stringify(cloud, undefined, '\t'));
		renameSync(aside, file);
		return result;
	};
	return {read, change};
};
export type Cloud = ReturnType<typeof openCloud>;

/** The fault that this call meets, counted down; undefined when it works. */
export const takeFault = (cloud: Cloud, action: Fault['action'], type: string, values: ObjectValue): Fault | undefined => {
	const meets = ({action: of, type: what, name, times = 1}: Fault) =>
		of === action && type === what && times > 0 && (name === undefined || values['name'] === name);
	if (!cloud.read().faults.some(meets)) return undefined;
	return cloud.change(({faults}) => {
		const fault = faults.find(meets);
		if (fault?.times !== undefined) fault.times--;
		return fault && {...fault};
	});
};
