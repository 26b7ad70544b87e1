/** Keeps a fault in one part of the page from taking the rest with it. */
import { Component, type ReactNode } from "react";

interface BulkheadProps {
  children: ReactNode;
}

export class Bulkhead extends Component<BulkheadProps, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    if (!this.state.hasFailed) return this.props.children;
    return (
      <div role="alert" className="m-4 rounded-xl border border-line bg-surface p-6">
        <p className="font-semibold">This part of the page has failed.</p>
        <p className="mt-1 text-ink-soft">Nothing that was fetched is lost: it is kept by the service.</p>
        <button type="button" className="button mt-4" onClick={() => location.reload()}>
          Reload the page
        </button>
      </div>
    );
  }
}
