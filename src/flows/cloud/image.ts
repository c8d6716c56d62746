import type {CloudConfig} from '../../config/schema.ts';
import {parseImagePath} from '../../config/versions.ts';

/** The cloud's own name of the image that a config names; empty where it names none, or a version: none is published for clouds yet. */
export function ownImage({image = ''}: CloudConfig): string {
	return parseImagePath(image) === undefined ? image : '';
}
