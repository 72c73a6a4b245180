/** The certificate of the white panel, every 50 nm: a sintered polymer, brightest in the green, 0.99 to 0.97. Curve chosen. */
export function panelCertificate(): { wavelength_nm: number[]; reflectance: number[] } {
  const wavelengthNm = Array.from({ length: 13 }, (_, position) => 400 + 50 * position);
  return { wavelength_nm: wavelengthNm, reflectance: wavelengthNm.map((nm) => round(certified(nm))) };
}

/** The panel as the camera sees it: straight lines between the certificate's points. */
export function panelReflectance(wavelengthNm: number): number {
  const below = Math.min(950, Math.max(400, 400 + 50 * Math.floor((wavelengthNm - 400) / 50)));
  const share = (wavelengthNm - below) / 50;
  return (1 - share) * round(certified(below)) + share * round(certified(below + 50));
}

function certified(wavelengthNm: number): number {
  return 0.99 - 0.02 * ((wavelengthNm - 550) / 450) ** 2;
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
