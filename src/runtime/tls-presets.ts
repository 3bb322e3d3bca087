/**
 * Mozilla's server-side TLS recommendations, version 6.0: the same ciphers (finite-field Diffie-Hellman, which older
 * versions had, is gone) and groups, and the client's preference among them. Groups begin with the hybrid that
 * a recorded session stays secret with even from a quantum computer.
 */
const tls13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
const tls12 = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
];
const groups = "X25519MLKEM768:X25519:prime256v1:secp384r1";

export const tlsPresets = {
  modern: { minVersion: "TLSv1.3", ciphers: tls13.join(":"), groups },
  intermediate: { minVersion: "TLSv1.2", ciphers: [...tls13, ...tls12].join(":"), groups },
} as const;
