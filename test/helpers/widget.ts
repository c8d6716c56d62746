import type {ApiObject, Json} from '../../src/kubernetes/embedded/types.ts';

const text = {type: 'string'};
const column = (name: string, type: string, jsonPath: string, more: Record<string, Json> = {}) => ({
	name,
	type,
	jsonPath,
	...more,
});

/** The CustomResourceDefinition that the recordings of the real API server use. */
export const widgetDefinition: ApiObject = {
	apiVersion: 'apiextensions.k8s.io/v1',
	kind: 'CustomResourceDefinition',
	metadata: {name: 'widgets.demo.example.test'},
	spec: {
		group: 'demo.example.test',
		names: {categories: ['all'], kind: 'Widget', plural: 'widgets', shortNames: ['wd'], singular: 'widget'},
		scope: 'Namespaced',
		versions: [
			{
				name: 'v1',
				served: true,
				storage: true,
				subresources: {status: {}},
				additionalPrinterColumns: [
					column('Size', 'integer', '.spec.size'),
					column('Phase', 'string', '.status.phase', {description: 'Current phase'}),
					column('Color', 'string', '.spec.color', {priority: 1}),
					column('Age', 'date', '.metadata.creationTimestamp'),
				],
				schema: {
					openAPIV3Schema: {
						type: 'object',
						required: ['spec'],
						properties: {
							spec: {
								type: 'object',
								required: ['size'],
								properties: {
									color: {type: 'string', default: 'red', enum: ['red', 'green']},
									size: {type: 'integer', minimum: 0, maximum: 10},
									items: {type: 'array', items: {type: 'object', required: ['name'], properties: {name: text, value: text}}},
								},
							},
							status: {type: 'object', properties: {phase: text, size: {type: 'integer'}}},
						},
					},
				},
			},
		],
	},
};
