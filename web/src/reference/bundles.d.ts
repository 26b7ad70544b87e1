/** The parts that we use of two libraries that ship no types for their browser bundles. */
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  export default function SwaggerUI(options: Record<string, unknown>): unknown;
}

declare module "redoc/bundles/redoc.standalone.js" {
  export function init(specUrl: string, options: Record<string, unknown>, element: HTMLElement): Promise<void>;
}
