import { PRODUCT_NAME } from './logo'

/** The title of the document, which also names the page to screen readers after a navigation. Pages with a `PageHeader` have one already. */
export const PageTitle = ({ children }: { children: string }) => <title>{`${children} · ${PRODUCT_NAME}`}</title>
