/** The aurora behind every page. Static paint; only transforms move. */
export const Backdrop = () => (
  <div className="aurora" aria-hidden="true">
    <div className="c" />
    <div className="dots" />
  </div>
)
