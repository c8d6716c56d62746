import {type RequestOptions, request} from 'node:https';

/** What a client saw that watches through servers that come and go. */
export type WatchReport = {
	events: number;
	/** How often it went on behind the last event that it was told. */
	resumed: number;
	/** Answers that broke off in the middle instead of ending, and attempts to go on that were refused. */
	broken: number;
	lost: number;
	doubled: number;
	failed: number;
};

const patienceMs = 5000;

/** Watches the ConfigMaps of the rig from a version on, for as long as it is asked to. */
export function followConfigMaps(target: RequestOptions, from: string, failures: string[]) {
	const seen: string[] = [];
	let [version, resumed, broken] = [from, 0, 0];
	const ending = new AbortController();
	const isOver = () => ending.signal.aborted;
	const going = follow();

	async function follow() {
		for (; !isOver(); resumed += 1) {
			try {
				await once();
			} catch (error) {
				if (isOver()) return;
				broken += 1;
				failures.push(`${new Date().toISOString()} watch: ${error instanceof Error ? error.message : String(error)}`);
				await new Promise(resolve => setTimeout(resolve, 50));
			}
		}
	}

	/** One answer, from its first event to its end. */
	function once(): Promise<void> {
		return new Promise((resolve, reject) => {
			const query = new URLSearchParams({watch: 'true', labelSelector: 'app=rig', resourceVersion: version});
			query.set('allowWatchBookmarks', 'true');
			const sent = request({...target, agent: false, path: `${String(target.path)}?${query.toString()}`, signal: ending.signal});
			const opened = setTimeout(() => sent.destroy(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs);
			sent.on('error', reject);
			sent.on('close', () => clearTimeout(opened));
			sent.on('response', response => {
				clearTimeout(opened);
				if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
				let rest = '';
				response.setEncoding('utf8').on('data', (text: string) => {
					const lines = (rest + text).split('\n');
					rest = lines.pop() ?? '';
					try {
						for (const line of lines) take(line);
					} catch (error) {
						sent.destroy(error as Error);
					}
				});
				response.on('error', reject);
				response.on('end', resolve);
			});
			sent.end();
		});
	}

	function take(line: string) {
		const {type, object} = JSON.parse(line) as {type: string; object: {message?: string; metadata: Record<string, string>}};
		if (type === 'ERROR') throw new Error(`told ${String(object.message)}`);
		version = object.metadata['resourceVersion'] ?? version;
		if (type !== 'BOOKMARK') seen.push(`${type} ${object.metadata['name']}`);
	}

	return {
		/** Waits until everything that was written was seen, not for ever, and ends. */
		async end(written: readonly string[]): Promise<WatchReport> {
			const missing = () => written.filter(name => !seen.includes(`ADDED ${name}`));
			const giveUp = performance.now() + patienceMs;
			while (missing().length > 0 && performance.now() < giveUp) await new Promise(resolve => setTimeout(resolve, 20));
			ending.abort();
			await going;
			const lost = missing();
			const doubled = seen.length - new Set(seen).size;
			if (lost.length > 0) failures.push(`watch: never told of ${lost.join(', ')}`);
			if (doubled > 0) failures.push(`watch: told ${doubled} events twice`);
			return {events: seen.length, resumed, broken, lost: lost.length, doubled, failed: broken + lost.length + doubled};
		},
	};
}
