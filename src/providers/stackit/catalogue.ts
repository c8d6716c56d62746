import {catalogueOf} from '../catalogue.ts';
import data from './catalogue.json' with {type: 'json'};

/** STACKIT: flavors can be given by id too, which says nothing of what they are. */
export const stackitCatalogue = catalogueOf(data, {
	title: 'STACKIT',
	variants: ['qemu-vtpm'],
	opaque: /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/,
	word: 'flavor',
	open: true,
});
