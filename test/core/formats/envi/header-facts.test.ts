import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryByteSource } from '#adapters/memory/memory-byte-source.ts';
import type { CubeHeader, CubeOverrides } from '#core/cube/cube.ts';
import { CubelakeError, FormatError, MissingFactError, TruncatedInputError } from '#core/errors.ts';
import { findEnviDataFile } from '#core/formats/envi/find-data-file.ts';
import { openEnvi } from '#core/formats/envi/open-envi.ts';

/** 2 lines, 2 samples, 3 bands of uint16. */
const shape = ['samples = 2', 'lines = 2', 'bands = 3', 'data type = 12', 'interleave = bil', 'byte order = 0'];
const dataBytes = 24;

async function headerOf(lines: readonly string[], overrides: CubeOverrides = {}, sizeBytes = dataBytes) {
  const text = ['ENVI', ...lines].join('\n');
  const data = memoryByteSource('a.img', new Uint8Array(sizeBytes));
  return (await openEnvi(memoryByteSource('a.hdr', Buffer.from(text)), data, overrides)).header;
}

const stated = (...lines: string[]): Promise<CubeHeader> => headerOf([...shape, ...lines]);
const without = (key: string, ...lines: string[]) => [...shape.filter((line) => !line.startsWith(key)), ...lines];

describe('the text of an ENVI header', () => {
  it('may have any case, blanks, comments, line ends and lists over lines', async () => {
    const text =
      '\ufeffENVI\r\n;made by hand\r\nSAMPLES=2\r\n  Lines   = 2\r\nbands = 3\r\nData  Type = 12\r\nINTERLEAVE = BIL\r\nbyte order = 0\r\n' +
      'Wavelength Units = nm\r\nwavelength = {\r\n 500,\r\n; in the middle\r\n 600\r\n ,700\r\n}\r\nlonely\r\nempty =\r\n';
    const source = memoryByteSource('a.hdr', Buffer.from(text));
    const { header } = await openEnvi(source, memoryByteSource('a.img', new Uint8Array(dataBytes)), {});
    expect([...header.wavelengthNm!]).toEqual([500, 600, 700]);
    expect(header.interleave).toBe('bil');
    expect(header.warnings).toEqual(['Header line 16 is no "key = value" and is skipped: "lonely".']);
  });

  it('keeps what stands in braces inside a text', async () => {
    const header = await stated('description = {a {b} = c', 'wavelength = {1}, d}', 'wavelength = {500, 600, 700,}');
    expect([...header.wavelengthNm!]).toEqual([500, 600, 700]);
  });

  it('takes the last of two values and says so', async () => {
    const header = await stated('data ignore value = 1', 'data ignore value = 2');
    expect(header.fillValue).toBe(2);
    expect(header.warnings).toContain('The header gives "data ignore value" more than once; the last one counts.');
  });

  it.each([
    ['no text', ''],
    ['another first line', 'BYTEORDER I\nLAYOUT BIL'],
    ['open braces', `ENVI\n${shape.join('\n')}\nwavelength = {1, 2`],
  ])('is refused with %s', async (_, text) => {
    const source = memoryByteSource('a.hdr', Buffer.from(text));
    await expect(openEnvi(source, memoryByteSource('a.img', new Uint8Array(dataBytes)), {})).rejects.toThrow(
      FormatError,
    );
  });
});

describe('the layout of an ENVI cube', () => {
  it.each(['samples', 'lines', 'bands', 'data type', 'interleave'])('must state %s', async (key) => {
    await expect(headerOf(without(key))).rejects.toThrow(new RegExp(`Expected "${key}" in the header, got none`));
  });

  it.each([
    ['data type', 'data type = 6', /complex numbers/],
    ['data type', 'data type = 99', /Expected data type 1, 2, 3/],
    ['interleave', 'interleave = bup', /got "bup"/],
    ['byte order', 'byte order = 2', /Expected byte order 0 or 1/],
    ['lines', 'lines = 0', /Expected 1 to 4000000 lines, got 0/],
    ['lines', 'lines = -2', /Expected a whole number as "lines"/],
    ['bands', 'bands = 2147483648', /Expected 1 to 10000 bands/],
    ['samples', 'samples = 2.5', /Expected a whole number/],
    ['x', 'major frame offsets = {0, 4}', /Expected no major frame offsets/],
    ['x', 'minor frame offsets = {1, 0}', /Expected no minor frame offsets/],
    ['x', 'file type = ENVI Spectral Library', /Expected a cube/],
    ['x', 'file type = TIFF', /Expected a cube/],
    ['x', 'file compression = 1', /Expected plain data/],
    ['x', 'header offset = many', /Expected a whole number as "header offset"/],
  ])('is refused when %s says so: %s', async (key, line, message) => {
    await expect(headerOf(without(key, line))).rejects.toThrow(message);
  });

  it('accepts frame offsets of zero and takes little-endian when no order is named', async () => {
    const header = await headerOf(without('byte order', 'major frame offsets = {0, 0}', 'minor frame offsets = {0,0}'));
    expect(header.warnings).toEqual(['The header names no byte order; little-endian is taken.']);
  });

  it('is refused when the data file is shorter, by one byte or altogether', async () => {
    for (const sizeBytes of [0, 1, dataBytes - 1]) {
      await expect(headerOf(shape, {}, sizeBytes)).rejects.toThrow(TruncatedInputError);
    }
    await expect(headerOf(shape, {}, 7)).rejects.toThrow('Expected 24 bytes, got 7 (a.img).');
  });

  it('does not believe a header that claims more than there is', async () => {
    const claims = [
      'samples = 200000',
      'lines = 4000000',
      'bands = 10000',
      'data type = 5',
      'interleave = bil',
      'byte order = 0',
    ];
    await expect(headerOf(claims)).rejects.toThrow(TruncatedInputError);
  });

  it('says when the data file is longer', async () => {
    expect((await headerOf(shape, {}, dataBytes + 5)).warnings).toEqual([
      'The data file has 5 bytes more than its header says; they are not read.',
    ]);
  });
});

describe('wavelengths of an ENVI header', () => {
  const list = 'wavelength = {0.5, 0.6, 0.7}';

  it.each([
    ['wavelength units = Micrometers', list, 0],
    ['wavelength units = um', list, 0],
    ['wavelength units = Nanometers', 'wavelength = {500, 600, 700}', 0],
    ['wavelength units = Unknown', list, 1],
    ['sensor type = Unknown', list, 1],
    ['sensor type = Unknown', 'wavelength = {500, 600, 700}', 1],
    ['wavelength units = SP1', list, 1],
    ['wavelength units = Nanometers', list, 1],
    ['wavelength units = Micrometers', 'wavelength = {500, 600, 700}', 1],
  ])('are nanometres with %s and %s', async (unit, wavelengths, warningCount) => {
    const header = await stated(unit, wavelengths);
    expect([...header.wavelengthNm!]).toEqual([500, 600, 700]);
    expect(header.warnings).toHaveLength(warningCount);
    expect(header.missing.map(({ fact }) => fact)).not.toContain('wavelengths');
  });

  it.each([
    ['are fewer than bands', 'wavelength = {500, 600}', 'The file lists 2 wavelengths for 3 bands, so none is used.'],
    [
      'hold text',
      'wavelength = {500, x, 700}',
      'The file lists wavelengths that are not positive numbers, so none is used.',
    ],
    [
      'hold zeros',
      'wavelength = {0, 0.55, 0.58}',
      'The file lists wavelengths that are not positive numbers, so none is used.',
    ],
    [
      'count bands',
      'wavelength = {1, 2, 300}',
      'The file lists 1 to 300 nm, which are no wavelengths, so none is used.',
    ],
  ])('are missing with a warning when they %s', async (_, wavelengths, warning) => {
    const header = await stated('wavelength units = nm', wavelengths, 'fwhm = {5, 5, 5}');
    expect([header.wavelengthNm, header.fwhmNm]).toEqual([null, null]);
    expect(header.warnings).toEqual([warning]);
    expect(header.missing[0]).toEqual({
      fact: 'wavelengths',
      remedy: '--wavelengths FILE or --sensor PROFILE.json, or wavelengths_nm in the capture sidecar',
    });
  });

  it('are not made of wave numbers', async () => {
    const header = await stated('wavelength units = Wavenumber', 'wavelength = {1000, 2000, 3000}');
    expect(header.wavelengthNm).toBeNull();
    expect(header.warnings).toEqual(['The file gives Wavenumber instead of wavelengths; none is used.']);
  });

  it('have widths in the same unit', async () => {
    const header = await stated('wavelength units = um', list, 'fwhm = {0.005, 0.006, 0.0065}');
    expect([...header.fwhmNm!]).toEqual([5, 6, 6.5]);
  });

  it('come from band names when there is no list', async () => {
    expect([...(await stated('band names = {376.86 Nanometers, B2 (0.55 um), 700nm}')).wavelengthNm!]).toEqual([
      376.86, 550, 700,
    ]);
    expect((await stated('band names = {1, 2, 3}')).wavelengthNm).toBeNull();
  });

  it('come with good and bad bands', async () => {
    expect([...(await stated(list, 'bbl = {1, 0, 1.0}')).goodBands!]).toEqual([1, 0, 1]);
    expect((await stated(list, 'bbl = {1, 0}')).goodBands).toBeNull();
    expect((await stated(list, 'bbl = {1, 0, 2}')).goodBands).toBeNull();
  });
});

describe('the meaning of stored numbers', () => {
  it('is reflectance with a reflectance scale factor', async () => {
    const header = await stated('reflectance scale factor = 10000.000', 'data ignore value = -9999');
    expect(header).toMatchObject({ quantity: 'reflectance', fillValue: -9999 });
    expect(header.scale).toEqual({ factor: 1 / 10_000, offset: 0, source: 'reflectance scale factor' });
  });

  it('is radiance with one gain and offset, and unknown when they differ between bands', async () => {
    const one = await stated('data gain values = {0.5, 0.5, 0.5}', 'data offset values = {1, 1, 1}');
    expect(one).toMatchObject({ quantity: 'radiance', scale: { factor: 0.5, offset: 1 } });
    const many = await stated('data reflectance gain values = {0.5, 0.25, 0.5}');
    expect(many).toMatchObject({ quantity: 'unknown', scale: null });
    expect(many.warnings[0]).toMatch(/differ between bands/);
  });

  it('is unknown when nothing is said, with every remedy', async () => {
    const header = await stated();
    expect(header).toMatchObject({ quantity: 'unknown', scale: null, fillValue: null, acquiredAt: null });
    expect(header.missing.map(({ fact }) => fact)).toEqual([
      'wavelengths',
      'fwhm',
      'georeference',
      'fill value',
      'scale',
      'quantity',
      'acquisition time',
    ]);
  });

  it('takes a fill value of a float32 cube as float32 holds it', async () => {
    const header = await headerOf(without('data type', 'data type = 4', 'data ignore value = -1e-34'), {}, 48);
    expect(header.fillValue).toBe(Math.fround(-1e-34));
    expect(header.fillValue).not.toBe(-1e-34);
  });
});

describe('when and how a cube was taken', () => {
  it.each([
    [['acquisition time = 2011-11-07T23:31:36Z'], '2011-11-07T23:31:36.000Z'],
    [['acquisition time = 2011-11-07T23:31:36.5+02:00'], '2011-11-07T21:31:36.500Z'],
    [
      ['acquisition date = DATE(yyyy-mm-dd): 2019-01-29', 'Start Time = UTC TIME: 14:45:28'],
      '2019-01-29T14:45:28.000Z',
    ],
    [['acquisition time = 2011-02-30T23:31:36Z'], null],
    [['acquisition time = 2011-11-07'], null],
  ])('%j is %s', async (lines, expected) => {
    expect((await stated(...lines)).acquiredAt).toBe(expected);
  });

  it('says so when no zone is named', async () => {
    const header = await stated('acquisition time = 2011-11-07T23:31:36');
    expect(header.acquiredAt).toBe('2011-11-07T23:31:36.000Z');
    expect(header.warnings).toHaveLength(1);
  });

  it.each([
    [['integration time = 4.5 ms'], 4.5, 0],
    [['integration time = 4500 us'], 4.5, 0],
    [['integration time = 4.5'], null, 1],
    [['tint = 6.1'], 6.1, 0],
    [['tint1 = 8', 'tint2 = 8.0'], 8, 0],
    [['tint1 = 28.000000', 'tint2 = 7.999200'], null, 1],
  ])('%j is an integration time of %s ms', async (lines, expected, warningCount) => {
    const header = await stated(...lines);
    expect(header.integrationTimeMs).toBe(expected);
    expect(header.warnings).toHaveLength(warningCount);
  });
});

describe('the georeference of an ENVI header', () => {
  const fixture = join(import.meta.dirname, '../../../fixtures/envi/grids.expected.json');
  const grids = JSON.parse(readFileSync(fixture, 'utf8')) as {
    name: string;
    mapInfo: string;
    transform: number[];
    epsg: number;
  }[];

  it.each(grids.map((grid) => [grid.name, grid] as const))('is as GDAL has it: %s', async (_, grid) => {
    const { georeference } = await stated(`map info = {${grid.mapInfo}}`);
    if (georeference?.kind !== 'affine') throw new Error('no affine georeference');
    expect(georeference.crs.epsg).toBe(grid.epsg);
    grid.transform.forEach((value, index) => {
      expect(georeference.transform[index]).toBeCloseTo(value, 8);
    });
  });

  it('turns about the reference pixel', async () => {
    // By hand: rotated by 90 degrees, samples run north and lines east. Pixel corner (2, 1) lies at (1000, 2000), so the
    // corner (0, 0) lies two samples of 3 m further south and one line of 5 m further west.
    const { georeference } = await stated('map info = {UTM, 3, 2, 1000, 2000, 3, 5, 33, North, WGS-84, rotation=90}');
    if (georeference?.kind !== 'affine') throw new Error('no affine georeference');
    [0, 5, 995, 3, 0, 1994].forEach((value, index) => {
      expect(georeference.transform[index]).toBeCloseTo(value, 9);
    });
  });

  it('reads latitude bands, blanks for equals signs, and trusts no lone S', async () => {
    const place = '441371.00707299996, 4855941.7317699995, 0.04, 0.04, 15';
    const t = await stated(`map info = {UTM, 1.0, 1.0, ${place}, T, WGS-84, units  meters, rotation  0.000}`);
    expect(t.georeference?.crs.epsg).toBe(32615);
    const s = await stated(`map info = {UTM, 1.0, 1.0, ${place}, S, WGS-84}`);
    expect(s.georeference).toBeNull();
    expect(s.warnings[0]).toMatch(/zone of map info is not known/);
    const given = await headerOf([...shape, `map info = {UTM, 1.0, 1.0, ${place}, S, WGS-84}`], { epsg: 32715 });
    expect(given.georeference).toMatchObject({ kind: 'affine', crs: { epsg: 32715 } });
  });

  it('takes the coordinate system string before the projection of map info', async () => {
    const wkt =
      'PROJCS["WGS_1984_UTM_Zone_4N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",-159],PARAMETER["scale_factor",0.9996],PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["Meter",1]]';
    const header = await stated(
      'map info = {UTM, 1, 1, 5, 6, 1, 1, 4, South, WGS-84}',
      `coordinate system string = {${wkt}}`,
    );
    expect(header.georeference?.crs.definition).toBe(wkt);
  });

  it.each([
    'Arbitrary, 1, 1, 0, 0, 1, 1',
    'Mars Polar, 1, 1, 0, 0, 1, 1',
    'UTM, 1, 1, x, 0, 1, 1, 33, North, WGS-84',
    'UTM, 1, 1',
  ])('is missing when map info is {%s}', async (mapInfo) => {
    const header = await stated(`map info = {${mapInfo}}`);
    expect(header.georeference).toBeNull();
    expect(header.missing.map(({ fact }) => fact)).toContain('georeference');
  });
});

describe('overrides', () => {
  it('win over the file', async () => {
    const header = await headerOf(
      [
        ...shape,
        'wavelength = {500, 600, 700}',
        'data ignore value = 0',
        'map info = {UTM, 1, 1, 5, 6, 1, 1, 4, North, WGS-84}',
      ],
      {
        wavelengthNm: [501, 601, 701],
        fwhmNm: [5, 5, 5],
        goodBands: [1, 1, 0],
        fillValue: 65535,
        scaleFactor: 0.001,
        quantity: 'reflectance',
        epsg: 32633,
        transform: [1, 0, 10, 0, -1, 20],
        acquiredAt: '2026-06-01T10:00:00.000Z',
        integrationTimeMs: 7,
        saturationLevel: 4095,
        sensorId: 'own',
      },
    );
    expect(header).toMatchObject({
      fillValue: 65535,
      scale: { factor: 0.001, offset: 0, source: 'override' },
      quantity: 'reflectance',
      georeference: { kind: 'affine', crs: { epsg: 32633 }, transform: [1, 0, 10, 0, -1, 20] },
      acquiredAt: '2026-06-01T10:00:00.000Z',
      integrationTimeMs: 7,
      saturationLevel: 4095,
      sensorId: 'own',
      missing: [],
    });
    expect([...header.wavelengthNm!]).toEqual([501, 601, 701]);
    expect([...header.goodBands!]).toEqual([1, 1, 0]);
  });

  it('are refused when they do not fit', async () => {
    await expect(headerOf(shape, { wavelengthNm: [500, 600] })).rejects.toThrow(
      'Expected 3 finite numbers as wavelengths_nm, one for each band, got 2 values',
    );
    await expect(headerOf(shape, { scaleFactor: 0 })).rejects.toThrow(FormatError);
    await expect(headerOf(shape, { epsg: 9999 })).rejects.toThrow(/Expected EPSG/);
  });
});

describe('the data file of a header', () => {
  it.each([
    ['cube.hdr', ['cube.hdr', 'cube'], 'cube'],
    ['cube.hdr', ['cube.hdr', 'CUBE.IMG'], 'CUBE.IMG'],
    ['cube.img.hdr', ['cube.hdr', 'cube.img', 'cube.img.hdr'], 'cube.img'],
    ['a b, c.bip.HDR', ['a b, c.bip', 'a b, c.bip.HDR'], 'a b, c.bip'],
    ['cube.hdr', ['other.img', 'cube.hyspex'], 'cube.hyspex'],
  ])('%s of %j is %s', (headerName, names, expected) => {
    expect(findEnviDataFile(headerName, names)).toBe(expected);
  });

  it('is named when it is missing', () => {
    expect(() => findEnviDataFile('cube.hdr', ['cube.hdr', 'cube.png'])).toThrow(MissingFactError);
    expect(() => findEnviDataFile('cube.hdr', [])).toThrow(/as one of: cube, cube\.img, cube\.dat/);
  });
});

describe('a hostile header', () => {
  const lines = [
    ...shape,
    'wavelength units = nm',
    'wavelength = {500, 600, 700}',
    'fwhm = {5,5,5}',
    'bbl = {1,1,0}',
    'header offset = 0',
    'map info = {UTM, 1, 1, 5, 6, 1, 1, 4, North, WGS-84, rotation=3}',
    'acquisition time = 2011-11-07T23:31:36Z',
  ];
  const text = ['ENVI', ...lines, ''].join('\n');

  async function outcome(bytes: Uint8Array): Promise<'read' | CubelakeError> {
    try {
      const reader = await openEnvi(
        memoryByteSource('a.hdr', bytes),
        memoryByteSource('a.img', new Uint8Array(dataBytes)),
        {},
      );
      await reader.readLines({ lineStart: 0, lineEnd: 1 });
      return 'read';
    } catch (error) {
      if (error instanceof CubelakeError && error.disposition === 'quarantine') return error;
      throw error;
    }
  }

  it('cut at any byte gives a typed error or a cube', async () => {
    const outcomes = [];
    for (let end = 0; end <= text.length; end++) outcomes.push(await outcome(Buffer.from(text.slice(0, end))));
    expect(outcomes.filter((each) => each === 'read').length).toBeGreaterThan(20);
    expect(outcomes.filter((each) => each instanceof FormatError).length).toBeGreaterThan(100);
  });

  it('with any bytes changed gives a typed error or a cube', async () => {
    const change = fc.record({ at: fc.nat(text.length - 1), byte: fc.nat(255) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const bytes = Buffer.from(text);
        for (const { at, byte } of changes) bytes[at] = byte;
        await outcome(bytes);
      }),
      { seed: 11, numRuns: 2000 },
    );
  });

  it('with extreme numbers gives a typed error or a cube', async () => {
    const extreme = fc.constantFrom(
      '0',
      '-1',
      '2147483647',
      '4294967296',
      '9007199254740993',
      '1e308',
      'NaN',
      'Infinity',
      '{}',
      '{',
      '',
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(lines.length - 1), extreme, async (index, value) => {
        const changed = lines.map((line, at) => (at === index ? `${line.split('=')[0]}= ${value}` : line));
        await outcome(Buffer.from(['ENVI', ...changed].join('\n')));
      }),
      { seed: 12, numRuns: 500 },
    );
  });
});
