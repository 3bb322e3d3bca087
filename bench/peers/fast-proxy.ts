/** fast-proxy: the Node proxy built on undici, the fastest of its kind. */
import { nodePackagePeer } from "./node-package.ts";

export const fastProxy = nodePackagePeer("fast-proxy");
