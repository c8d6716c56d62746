import type {IncomingMessage} from 'node:http';
import {readAll} from '../../unix-http.ts';
import {object, parseImage, parseSize, parseToken} from './parse.ts';
import {Refused} from './refused.ts';

/** What control planes may do to the machines of their own cluster. */
export type GroupAccess = {
	list(): unknown;
	machines(): unknown;
	setImage(group: string, image: string): void;
	setSize(group: string, size: number): Promise<unknown>;
	createNode(group: string, token: string | undefined): Promise<string>;
	deleteNode(name: string): Promise<void>;
	setDraining(name: string, draining: boolean): void;
};

const largestBody = 4096;

/**
 * Answers /node-groups/… of the metadata service: list, image, size, machines. Only control planes have access: a worker that was
 * taken over must not make or end machines. Deleting is answered when it began, because a machine may ask for its own end.
 */
export const answerGroups = async (access: GroupAccess | undefined, request: IncomingMessage): Promise<unknown> => {
	if (access === undefined) throw new Refused(403, 'forbidden', 'node groups are for control planes');
	const [, , kind = '', name, action] = (request.url ?? '').split('/').map(part => decodeURIComponent(part));
	const subject = name ?? '';
	const body = async () => {
		const text = await readAll(request, largestBody);
		return object(text === '' ? {} : (JSON.parse(text) as unknown), 'the body');
	};
	switch (`${request.method ?? ''} ${kind}${name === undefined ? '' : '/:name'}${action === undefined ? '' : `/${action}`}`) {
		case 'GET groups':
			return access.list();
		case 'PUT groups/:name/image':
			access.setImage(subject, parseImage((await body()).image));
			return {};
		case 'PUT groups/:name/size':
			await access.setSize(subject, parseSize((await body()).size));
			return {};
		case 'POST groups/:name/machines':
			return {name: await access.createNode(subject, parseToken((await body()).token))};
		case 'GET machines':
			return access.machines();
		case 'DELETE machines/:name':
			// How it goes on shows in the state of the machine.
			access.deleteNode(subject).catch(() => undefined);
			return {};
		case 'PUT machines/:name/draining':
			access.setDraining(subject, (await body()).draining === true);
			return {};
		default:
			throw new Refused(404, 'unknown', 'not here');
	}
};
