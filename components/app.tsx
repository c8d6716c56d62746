import {useApp, useWindowSize} from 'ink';
import type {ReactElement} from 'react';
import {useEffect, useSyncExternalStore} from 'react';
import {ErrorBoundary} from './error-boundary.tsx';
import type {Frame, Size} from './screen.tsx';
import {Screen} from './screen.tsx';
import type {Theme} from './theme.ts';

/** What the shell shows, as a store: the views read it and never change it. */
export type Shown = {
	subscribe: (listener: () => void) => () => void;
	/** The same object until something has changed. */
	snapshot: () => {frame: (size: Size) => Frame};
};

export type AppProps = {
	shown: Shown;
	theme: Theme;
	/** Gets Ink's way to lend the terminal to others (Ctrl-Z), once it is there. */
	onReady: (suspend: (during: () => Promise<void>) => Promise<void>) => void;
	/** A view failed: the shell ends, restores the terminal and reports. */
	onCrash: (error: unknown) => void;
};

/** The root of every screen. Input does not come through Ink: one adapter parses it and the shell changes the store. */
export function App({shown, theme, onReady, onCrash}: AppProps): ReactElement {
	const {suspendTerminal} = useApp();
	useEffect(() => {
		onReady(async during => suspendTerminal(during));
	}, [onReady, suspendTerminal]);
	return (
		<ErrorBoundary onCrash={onCrash}>
			<Current shown={shown} theme={theme} />
		</ErrorBoundary>
	);
}

function Current({shown, theme}: Pick<AppProps, 'shown' | 'theme'>): ReactElement {
	const size = useWindowSize();
	const {frame} = useSyncExternalStore(shown.subscribe, shown.snapshot);
	return <Screen frame={frame(size)} size={size} theme={theme} />;
}
