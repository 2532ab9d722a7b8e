//! From the bytes of a file to planes of samples.

use super::bits::Segments;
use super::frame::{Component, Frame, Scan, corrupt};
use super::kept::ScanTables;
use super::layer::Layer;
use super::markers::Markers;
use super::means::Means;
use super::progressive::{self, Store};
use super::scan::{self, Sequential, Walk};
use super::upsample::{Samples, component_scale, component_side, upsample};
use super::{Chroma, Color, Header, Picture, Scale, convert};
use crate::error::Result;
use crate::exif::App1;
use crate::plane::Plane;
use crate::watch::Watch;

/// Reads the markers before the first scan.
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt) or [`Error::Unsupported`](crate::Error::Unsupported).
pub fn read_header(bytes: &[u8]) -> Result<Header> {
    let mut markers = Markers::new(bytes)?;
    markers.next_scan()?;
    header_of(&markers)
}

/// Decodes a picture at a scale.
///
/// `planes` of the answer are, without `chroma`, what grey needs: luma, or the only component, or all
/// components where grey has to be computed from them ([`Picture::grey`] does). With it they are all
/// components, as YCbCr, RGB or CMYK (of inverted inks, as Adobe's programs write them), each of
/// `ceil(width * s / 8)` by `ceil(height * s / 8)` samples, `s` being the samples of the scale. With
/// [`Chroma::Coarse`] colour differences have one sample for each of their own blocks instead.
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt), [`Error::Unsupported`](crate::Error::Unsupported), or what
/// `watch` says.
pub fn decode(bytes: &[u8], scale: Scale, chroma: Chroma, watch: &Watch<'_>) -> Result<Picture> {
    Ok(decode_twofold(bytes, scale, chroma, None, watch)?.0)
}

/// Decodes a picture at a scale, and what grey needs of it at another one: the file is read once for both.
///
/// If the file is sound, the first picture is that of [`decode`] to the bit; of a broken one more may be found
/// missing.
///
/// # Errors
/// As [`decode`].
pub fn decode_twofold(
    bytes: &[u8],
    scale: Scale,
    chroma: Chroma,
    other: Option<Scale>,
    watch: &Watch<'_>,
) -> Result<(Picture, Option<Picture>)> {
    let mut markers = Markers::new(bytes)?;
    let scan = markers.next_scan()?;
    let header = header_of(&markers)?;
    watch.check_size(header.width, header.height)?;
    let frame = markers.frame.clone().ok_or_else(|| corrupt("a frame", "none"))?;
    let mut layers = layers(&frame, header.color, scale, chroma)?;
    if let Some(other) = other {
        add(&mut layers, self::layers(&frame, header.color, other, Chroma::None)?);
    }
    let mut reader =
        Reader { bytes, markers, frame, layers, seen: [false; 4], scans: 0, missing: 0.0, truncated: false };
    if header.progressive {
        reader.read_progressive(scan, watch)?;
    } else {
        reader.read_sequential(scan, watch)?;
    }
    reader.finish(header, (scale, chroma), other)
}

fn header_of(markers: &Markers<'_>) -> Result<Header> {
    let (Some(frame), Some(color)) = (&markers.frame, markers.color()) else {
        return Err(corrupt("a JPEG with a picture in it", "one without a frame"));
    };
    let mut exif = App1::default();
    markers.application.iter().for_each(|payload| exif.push(payload));
    Ok(Header {
        width: frame.width,
        height: frame.height,
        components: frame.components.len(),
        color,
        progressive: frame.progressive,
        orientation: exif.orientation(),
    })
}

/// A layer for each component that is wanted.
fn layers(frame: &Frame, color: Color, scale: Scale, chroma: Chroma) -> Result<Vec<Option<Layer>>> {
    let wanted = |n: usize| match color {
        Color::Grey => n == 0,
        Color::YCbCr => n == 0 || chroma != Chroma::None,
        _ => true,
    };
    let components = frame.components.iter().enumerate();
    components
        .map(|(n, component)| match (wanted(n), is_coarse(color, chroma, n)) {
            (false, _) => Ok(None),
            (_, true) => Layer::new(component, 1).map(Some),
            _ => {
                let sampling = component_scale(scale, (component.h, component.v), (frame.h_max, frame.v_max));
                let layer = Layer::new(component, sampling.block)?;
                let is_luma = n == 0 && matches!(color, Color::Grey | Color::YCbCr);
                let one_each = sampling.block == 1 && sampling.from == (frame.h_max, frame.v_max);
                Ok(Some(if is_luma && one_each { layer.with_eighths()? } else { layer }))
            }
        })
        .collect()
}

/// Has each layer make another beside it.
fn add(layers: &mut [Option<Layer>], others: Vec<Option<Layer>>) {
    for (layer, other) in layers.iter_mut().zip(others) {
        *layer = match (layer.take(), other) {
            (Some(own), Some(other)) => Some(own.with_other(other)),
            (own, _) => own,
        };
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    markers: Markers<'a>,
    frame: Frame,
    layers: Vec<Option<Layer>>,
    /// Components that had a scan.
    seen: [bool; 4],
    /// Scans that were decoded.
    scans: u32,
    missing: f32,
    truncated: bool,
}

impl Reader<'_> {
    fn read_sequential(&mut self, first: Option<Scan>, watch: &Watch<'_>) -> Result<()> {
        let mut next = first;
        while let Some(scan) = next {
            watch.check()?;
            if scan.parts.iter().any(|part| self.layers[part.component].is_some()) {
                self.count_scan(watch)?;
                self.latch(&scan)?;
                let (end, missing) = self.read_scan(&scan, watch)?;
                self.missing = self.missing.max(missing);
                self.markers.resume(end);
            } else {
                self.markers.step_over();
            }
            if self.is_complete() {
                break;
            }
            next = self.markers.next_scan()?;
        }
        self.truncated |= self.markers.cut && !self.is_complete();
        self.missing = if self.is_complete() { self.missing } else { 1.0 };
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.layers.iter().zip(self.seen).all(|(layer, seen)| layer.is_none() || seen)
    }

    /// Decodes a scan. Returns where its data ends and what share of its units is missing.
    fn read_scan(&mut self, scan: &Scan, watch: &Watch<'_>) -> Result<(usize, f32)> {
        let tables = ScanTables::new(&self.markers.tables, scan)?;
        let places = scan::places(&self.frame, scan);
        let mut walk = walk(self.bytes, &self.frame, scan, self.markers.tables.interval);
        let mut units = Sequential::new(&places, &tables, &mut self.layers);
        let missing = if units.is_of_means() {
            walk.run_best(&mut Means::new(units, &places, &tables), watch)?
        } else {
            walk.run_best(&mut units, watch)?
        };
        self.truncated |= missing > 0 && walk.segments.is_cut();
        Ok((walk.segments.end(), share(missing, walk.grid)))
    }

    fn read_progressive(&mut self, first: Option<Scan>, watch: &Watch<'_>) -> Result<()> {
        let make = |layer: &Option<Layer>| layer.as_ref().map(Store::new).transpose();
        let mut stores = self.layers.iter().map(make).collect::<Result<Vec<_>>>()?;
        let (mut next, mut means_are_known) = (first, false);
        while let Some(scan) = next {
            watch.check()?;
            progressive::check(&scan)?;
            if progressive::is_wanted(&scan, &stores, means_are_known) {
                self.count_scan(watch)?;
                self.latch(&scan)?;
                let mut walk = walk(self.bytes, &self.frame, &scan, self.markers.tables.interval);
                let tables = &self.markers.tables;
                let missing = progressive::read(&mut walk, &self.frame, &scan, tables, &mut stores, watch)?;
                if scan.first == 0 && scan.high == 0 {
                    self.missing = self.missing.max(share(missing, walk.grid));
                }
                self.truncated |= missing > 0 && walk.segments.is_cut();
                let end = walk.segments.end();
                self.markers.resume(end);
            } else {
                self.markers.step_over();
            }
            let done = |(layer, store): (&Option<Layer>, &Option<Store>)| match (layer, store) {
                (Some(layer), Some(store)) => layer.size == 1 && store.dc_bits == Some(0),
                _ => true,
            };
            means_are_known |= self.layers.iter().zip(&stores).all(done);
            if means_are_known && self.layers.iter().flatten().all(Layer::is_of_means) {
                break;
            }
            next = self.markers.next_scan()?;
        }
        self.truncated |= self.markers.cut;
        self.missing = if self.is_complete() { self.missing } else { 1.0 };
        for (layer, store) in self.layers.iter_mut().zip(&stores) {
            if let (Some(layer), Some(store)) = (layer, store) {
                store.render(layer, watch)?;
            }
        }
        Ok(())
    }

    /// A scan takes a few bytes to write and a walk over the whole picture to read.
    fn count_scan(&mut self, watch: &Watch<'_>) -> Result<()> {
        self.scans += 1;
        watch.check_scans(self.scans)
    }

    /// Keeps the quantisation tables that are in force at a component's first scan.
    fn latch(&mut self, scan: &Scan) -> Result<()> {
        for part in &scan.parts {
            let number = self.frame.components[part.component].table;
            let table = self.markers.tables.quant.get(number).copied().flatten();
            let seen = std::mem::replace(&mut self.seen[part.component], true);
            if seen {
                continue;
            }
            let table = table.ok_or_else(|| corrupt("a quantisation table for each component", "none"))?;
            if let Some(layer) = &mut self.layers[part.component] {
                layer.quant = Some(table);
            }
        }
        Ok(())
    }

    fn finish(
        mut self,
        header: Header,
        own: (Scale, Chroma),
        other: Option<Scale>,
    ) -> Result<(Picture, Option<Picture>)> {
        let others = self.layers.iter_mut().map(|layer| layer.as_mut()?.other.take().map(|other| *other)).collect();
        let layers = std::mem::take(&mut self.layers);
        let picture = self.picture(&header, own, layers)?;
        let other = other.map(|scale| self.picture(&header, (scale, Chroma::None), others)).transpose()?;
        Ok((picture, other))
    }

    fn picture(
        &self,
        header: &Header,
        (scale, chroma): (Scale, Chroma),
        layers: Vec<Option<Layer>>,
    ) -> Result<Picture> {
        let (mut planes, mut eighths) = (Vec::new(), None);
        for (n, (component, layer)) in self.frame.components.iter().zip(layers).enumerate() {
            let Some(mut layer) = layer else { continue };
            if !layer.eighths.is_empty() {
                eighths = Some(std::mem::take(&mut layer.eighths));
            }
            planes.push(if is_coarse(header.color, chroma, n) {
                Plane::new(layer.samples, layer.columns, layer.rows)?
            } else {
                enlarged((header.width, header.height), scale, component, (self.frame.h_max, self.frame.v_max), layer)?
            });
        }
        if header.color == Color::Ycck {
            planes = inks(planes)?;
        }
        let header = header.clone();
        Ok(Picture { header, scale, planes, eighths, missing: self.missing, truncated: self.truncated })
    }
}

fn is_coarse(color: Color, chroma: Chroma, component: usize) -> bool {
    color == Color::YCbCr && chroma == Chroma::Coarse && component > 0
}

fn walk<'a>(bytes: &'a [u8], frame: &Frame, scan: &Scan, interval: usize) -> Walk<'a> {
    Walk { segments: Segments::new(bytes, scan.start), grid: scan::grid(frame, scan), interval }
}

fn share(missing: usize, grid: (usize, usize)) -> f32 {
    missing as f32 / (grid.0 * grid.1) as f32
}

/// A layer as a plane of the picture's size at the scale.
fn enlarged(
    pixels: (usize, usize),
    scale: Scale,
    component: &Component,
    most: (usize, usize),
    layer: Layer,
) -> Result<Plane> {
    let size = (component_side(pixels.0, 1, 1, scale.samples()), component_side(pixels.1, 1, 1, scale.samples()));
    let from = component_scale(scale, (component.h, component.v), most).from;
    let width = component_side(pixels.0, component.h, most.0, layer.size);
    let height = component_side(pixels.1, component.v, most.1, layer.size);
    let stride = layer.stride();
    if from == most && (width, height) == (stride, layer.rows * layer.size) {
        return Plane::new(layer.samples, width, height);
    }
    let samples = Samples { data: &layer.samples, stride, width, height };
    Plane::new(upsample(samples, from, most, scale != Scale::Eighth, size)?, size.0, size.1)
}

/// Luma, colour differences and black as four inks.
fn inks(planes: Vec<Plane>) -> Result<Vec<Plane>> {
    let (width, height) = (planes[0].width(), planes[0].height());
    let mut values: Vec<Vec<u8>> = planes.iter().map(|plane| plane.pixels().to_vec()).collect();
    if let [y, cb, cr, _] = values.as_mut_slice() {
        convert::ycck_to_cmyk([y, cb, cr]);
    }
    values.into_iter().map(|pixels| Plane::new(pixels, width, height)).collect()
}
