/** http-proxy-3: the maintained descendant of the best-known Node proxy. */
import { nodePackagePeer } from "./node-package.ts";

export const httpProxy3 = nodePackagePeer("http-proxy-3");
