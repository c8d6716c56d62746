import type {WizardAction} from './actions.ts';
import type {MasterSecretView} from './deps.ts';
import type {SecretsState} from './state.ts';

/** How long the master secret stays on screen. */
export const revealMs = 30_000;

type SecretsAction = Extract<WizardAction, {type: 'reveal' | 'card' | 'secret' | 'secret-unreadable' | 'tick'}>;

export function reduceSecrets(secrets: SecretsState, action: SecretsAction): SecretsState {
	switch (action.type) {
		case 'secret':
			return {...secrets, secret: action.secret};
		case 'secret-unreadable':
			return {...secrets, error: action.message};
		case 'card':
			return {...secrets, card: !secrets.card};
		case 'reveal': {
			if (secrets.secret === undefined) return secrets;
			const {shownUntil, ...hidden} = secrets;
			return shownUntil === undefined ? {...secrets, shownUntil: action.now + revealMs} : hidden;
		}
		case 'tick': {
			if (secrets.shownUntil === undefined || secrets.shownUntil > action.now) return secrets;
			const {shownUntil: _, ...hidden} = secrets;
			return hidden;
		}
		default:
			return never(action);
	}
}

/** Whether the person has a copy: the last six characters of the key prove it, `later` says no; anything else is neither. */
export function copyVerdict(typed: string, secret: MasterSecretView | undefined): 'confirmed' | 'later' | undefined {
	const text = typed.trim();
	if (text.toLowerCase() === 'later') return 'later';
	if (secret === undefined) return undefined;
	return text === secretLines(secret).key.slice(-6) ? 'confirmed' : undefined;
}

/** The two lines that are shown: base64, as in the file. Call it where they are drawn or copied; keep the result nowhere. */
export function secretLines({key, salt}: MasterSecretView): {key: string; salt: string} {
	return {key: Buffer.from(key.reveal()).toString('base64'), salt: Buffer.from(salt.reveal()).toString('base64')};
}

/** What `c` copies: the content of the master secret file, ready to be stored. */
export function secretDocument(secret: MasterSecretView): string {
	return JSON.stringify(secretLines(secret));
}

function never(action: never): never {
	throw new TypeError(`unknown action ${JSON.stringify(action)}`);
}
