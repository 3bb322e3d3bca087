/** A rig whose listener speaks TLS, with an authority that all of a test file's certificates come from. */
import { type CertificateFolder, makeTestAuthority } from "./made-certificates.ts";
import { type Rig, type RigOptions, startRig } from "./rig.ts";

export type TlsInput = Exclude<NonNullable<NonNullable<RigOptions["listener"]>["tls"]>, string>;

export const authority = await makeTestAuthority();
export const localhost = await authority.leaf({ names: ["localhost", "127.0.0.1"] });
/** What clients trust. */
export const ca = authority.certificatePem;

/** Shows the certificate for `localhost` unless `tls` names others. */
export async function startTls(
  folder: CertificateFolder,
  tls: TlsInput = {},
  options: RigOptions = {},
): Promise<Rig> {
  const certificates = tls.certificates ?? [folder.pair("localhost", localhost)];
  return startRig({ ...options, listener: { ...options.listener, tls: { ...tls, certificates } } });
}
