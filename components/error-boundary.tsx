import {Text} from 'ink';
import type {ReactNode} from 'react';
import {Component} from 'react';

type Props = {children: ReactNode; onCrash: (error: unknown) => void};

/** Below Ink's own, which would print source code over the screen. React knows error boundaries only as classes. */
export class ErrorBoundary extends Component<Props, {failed: boolean}> {
	override state = {failed: false};

	static getDerivedStateFromError(): {failed: boolean} {
		return {failed: true};
	}

	override componentDidCatch(error: unknown): void {
		this.props.onCrash(error);
	}

	override render(): ReactNode {
		return this.state.failed ? <Text>The screen failed; leaving.</Text> : this.props.children;
	}
}
