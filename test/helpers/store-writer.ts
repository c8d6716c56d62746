import {openDatabase} from '../../src/kubernetes/embedded/store/database.ts';
import {createSeal} from '../../src/kubernetes/embedded/store/seal.ts';
import {createStore} from '../../src/kubernetes/embedded/store/store.ts';
import {Secret} from '../../src/secret.ts';

/** A process that writes objects to a store without end, until it is killed. Says `writing` after the first. */
process.once('message', (message: {key: string}) => {
	const seal = createSeal(new Secret(Buffer.from(message.key, 'base64')));
	const store = createStore(openDatabase(process.argv[2] ?? '', seal), seal);
	const write = (index: number): void => {
		const name = `theirs-${index}`;
		store.put(
			{resource: 'configmaps', namespace: 'default', name},
			{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name}, data: {value: 'x'.repeat(2000)}},
			0,
		);
		if (index === 0) process.send?.('writing');
		setImmediate(write, index + 1);
	};
	write(0);
});
