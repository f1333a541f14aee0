//! What commands draw: known pictures, and properties of random ones.

use super::command::{
    Area, Blend, Command, CommandList, Depth, DepthTest, PixelCopy, Point, Renderer, SurfaceId, TextGrid,
    Texture, TriangleState, Vertex,
};
use super::frame::Rect;
use super::software::SoftwareRenderer;
use super::testing::{Mismatch, Repertoire, Tolerance, command_list, compare, picture_rgba, pictures};
use super::text::{Cell, Font, TextStyle};
use super::{PixelFormat, Rgb};
use proptest::prelude::*;
use std::sync::Arc;

const A: SurfaceId = SurfaceId(1);
const B: SurfaceId = SurfaceId(2);

fn renderer(surfaces: &[(SurfaceId, PixelFormat, u16, u16)]) -> SoftwareRenderer {
    let mut renderer = SoftwareRenderer::default();
    let create = |&(surface, format, width, height)| Command::Create { surface, format, width, height };
    renderer.execute(&CommandList { commands: surfaces.iter().map(create).collect() });
    renderer
}

fn run(renderer: &mut SoftwareRenderer, command: Command) {
    renderer.execute(&CommandList { commands: vec![command] });
}

/// The pixel values as hexadecimal digits, a line of text for each row.
fn digits(renderer: &SoftwareRenderer, id: SurfaceId) -> Vec<String> {
    let surface = renderer.surface(id).unwrap();
    let row = |y| (0..surface.width()).map(move |x| surface.get(x.into(), y).unwrap());
    (0..surface.height())
        .map(|y| row(y.into()).map(|v| char::from_digit(v & 15, 16).unwrap()).collect())
        .collect()
}

const fn at(x: i16, y: i16) -> Point {
    Point { x, y }
}

const fn area(x: i16, y: i16, width: u16, height: u16) -> Area {
    Area { at: at(x, y), width, height }
}

const fn whole(width: u16, height: u16) -> Rect {
    Rect { left: 0, top: 0, width, height }
}

#[test]
fn fills_and_lines_are_cut_at_the_edges() {
    let mut r = renderer(&[(A, PixelFormat::I4, 5, 3)]);
    run(&mut r, Command::Fill { surface: A, area: area(-2, 1, 4, 9), value: 0xF3 });
    run(&mut r, Command::Line { surface: A, from: at(4, 0), to: at(2, 2), value: 7 });
    run(&mut r, Command::Line { surface: A, from: at(-30000, 0), to: at(1, 0), value: 1 });
    assert_eq!(digits(&r, A), ["11007", "33070", "33700"]);
}

#[test]
fn copies_are_keyed_stretched_and_may_overlap() {
    let mut r = renderer(&[(A, PixelFormat::I4, 4, 1), (B, PixelFormat::I4, 8, 2)]);
    run(&mut r, Command::Upload { surface: A, area: area(0, 0, 4, 1), data: vec![0x12, 0x34] });
    let copy = PixelCopy { from: A, source: whole(4, 1), to: B, color_key: None };
    run(&mut r, Command::StretchBlit { copy, to: area(0, 0, 8, 2) });
    assert_eq!(digits(&r, B), ["11223344", "11223344"]);
    let keyed = PixelCopy { color_key: Some(2), ..copy };
    run(&mut r, Command::Blit { copy: keyed, to: at(3, 1) });
    assert_eq!(digits(&r, B)[1], "11213344");
    let shrunk = PixelCopy { from: B, source: whole(8, 1), to: A, color_key: None };
    run(&mut r, Command::StretchBlit { copy: shrunk, to: area(0, 0, 2, 1) });
    assert_eq!(digits(&r, A), ["2434"]);
    let shifted = PixelCopy { from: B, source: whole(7, 1), to: B, color_key: None };
    run(&mut r, Command::Blit { copy: shifted, to: at(1, 0) });
    assert_eq!(digits(&r, B)[0], "11122334");
}

#[test]
fn an_index_becomes_its_colour_on_a_direct_surface() {
    let mut r = renderer(&[(A, PixelFormat::I8, 1, 1), (B, PixelFormat::Rgb888, 1, 1)]);
    run(&mut r, Command::SetPalette { surface: A, first: 9, colors: vec![Rgb::hex(0x12_3456)] });
    run(&mut r, Command::Fill { surface: A, area: area(0, 0, 1, 1), value: 9 });
    let copy = PixelCopy { from: A, source: whole(1, 1), to: B, color_key: None };
    run(&mut r, Command::Blit { copy, to: at(0, 0) });
    assert_eq!(r.surface(B).unwrap().get(0, 0), Some(0x12_3456));
}

#[test]
fn text_grids_use_the_cells_of_the_scan_out() {
    let mut r = renderer(&[(A, PixelFormat::I4, 12, 4)]);
    let mut font = Font::new(2, vec![0; 512]);
    font.set_row(1, 1, 0b1100_0001);
    let cells = [(1, 0x1E), (0, 0x20), (1, 0x04)].map(|(glyph, attribute)| Cell { glyph, attribute });
    run(
        &mut r,
        Command::Text(TextGrid {
            surface: A,
            at: at(1, 0),
            style: TextStyle::color(2, 1, true),
            font: Arc::new(font),
            columns: 2,
            cells: cells.to_vec(),
            values: std::array::from_fn(|index| index as u32),
        }),
    );
    assert_eq!(digits(&r, A), ["011111111222", "0ee11111e222", "000000000000", "044000004000"]);
}

fn flat(x: i32, y: i32) -> Vertex {
    Vertex { x: x * 16, y: y * 16, q: 1, rgba: [255; 4], ..Vertex::default() }
}

fn draw_with(blend: Blend) -> TriangleState {
    TriangleState { target: A, texture: None, depth: None, blend }
}

#[test]
fn two_triangles_of_a_square_touch_every_pixel_once() {
    let mut r = renderer(&[(A, PixelFormat::Rgb888, 8, 8)]);
    let add = |v: Vertex| Vertex { rgba: [100, 100, 100, 255], ..v };
    let corners = [flat(1, 1), flat(7, 1), flat(7, 6), flat(1, 1), flat(1, 6), flat(7, 6)].map(add);
    run(&mut r, Command::Triangles { state: draw_with(Blend::Add), vertices: corners.to_vec() });
    let surface = r.surface(A).unwrap();
    for (x, y) in (0..8).flat_map(|y| (0..8).map(move |x| (x, y))) {
        let inside = (1..7).contains(&x) && (1..6).contains(&y);
        assert_eq!(surface.get(x, y), Some(if inside { 0x64_6464 } else { 0 }), "{x}, {y}");
    }
}

#[test]
fn depth_is_tested_and_left() {
    let mut r = renderer(&[(A, PixelFormat::Rgb888, 2, 2), (B, PixelFormat::Depth16, 2, 2)]);
    run(&mut r, Command::Fill { surface: B, area: area(0, 0, 2, 2), value: 0x8000 });
    run(&mut r, Command::Fill { surface: B, area: area(0, 0, 1, 2), value: 0x1000 });
    let depth = Some(Depth { surface: B, pass: DepthTest::Less, write: true });
    let corners = [flat(0, 0), flat(4, 0), flat(0, 4)].map(|v| Vertex { z: 0x4000, ..v });
    let state = TriangleState { depth, ..draw_with(Blend::Opaque) };
    run(&mut r, Command::Triangles { state, vertices: corners.to_vec() });
    assert_eq!(
        (r.surface(A).unwrap().get(0, 0), r.surface(A).unwrap().get(1, 0)),
        (Some(0), Some(0xFF_FFFF))
    );
    assert_eq!(
        (r.surface(B).unwrap().get(0, 0), r.surface(B).unwrap().get(1, 0)),
        (Some(0x1000), Some(0x4000))
    );
}

#[test]
fn textures_follow_the_corners_and_alpha_mixes() {
    let mut r = renderer(&[(A, PixelFormat::Rgb888, 4, 1), (B, PixelFormat::I8, 2, 1)]);
    run(
        &mut r,
        Command::SetPalette { surface: B, first: 0, colors: vec![Rgb::hex(0xFF_0000), Rgb::hex(0x00_00FF)] },
    );
    run(&mut r, Command::Upload { surface: B, area: area(0, 0, 2, 1), data: vec![0, 1] });
    let texture = Some(Texture { surface: B, repeat: false });
    let corner = |x: i32, y: i32| Vertex { u: x * 128, rgba: [255, 255, 255, 51], ..flat(x, y) };
    let vertices = vec![corner(0, 0), corner(8, 0), corner(0, 8)];
    run(&mut r, Command::Triangles { state: TriangleState { texture, ..draw_with(Blend::Alpha) }, vertices });
    let row: Vec<_> = (0..4).map(|x| r.surface(A).unwrap().get(x, 0).unwrap()).collect();
    assert_eq!(row, [0x33_0000, 0x33_0000, 0x00_0033, 0x00_0033]);
}

/// The pixels of row 0 of a triangle that covers `width` pixels of a texture surface of `texels` indices 0, 1, 2, …
fn textured_row(width: u16, texels: u16, repeat: bool, vertices: [Vertex; 3]) -> Vec<u32> {
    let mut r = renderer(&[(A, PixelFormat::Rgb888, width, 1), (B, PixelFormat::I8, texels, 1)]);
    let colors = (0..texels).map(|n| Rgb::hex(n.into())).collect();
    run(&mut r, Command::SetPalette { surface: B, first: 0, colors });
    run(
        &mut r,
        Command::Upload { surface: B, area: area(0, 0, texels, 1), data: (0..texels as u8).collect() },
    );
    let state = TriangleState { texture: Some(Texture { surface: B, repeat }), ..draw_with(Blend::Opaque) };
    run(&mut r, Command::Triangles { state, vertices: vertices.to_vec() });
    (0..width.into()).map(|x| r.surface(A).unwrap().get(x, 0).unwrap()).collect()
}

#[test]
fn textures_repeat_or_end() {
    let corner = |x: i32, y: i32| Vertex { u: (x - 4) * 256, ..flat(x, y) };
    let corners = [corner(0, 0), corner(16, 0), corner(0, 16)];
    assert_eq!(textured_row(10, 3, true, corners), [2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
    assert_eq!(textured_row(10, 3, false, corners), [0, 0, 0, 0, 0, 1, 2, 2, 2, 2]);
}

/// Half way across the screen to a corner three times as near, three quarters of the texture have passed.
#[test]
fn near_corners_take_more_of_the_texture() {
    let corner = |x: i32, y: i32, q, u| Vertex { q, u, ..flat(x, y) };
    let far = [corner(0, 0, 1000, 0), corner(0, 64, 1000, 0)];
    let near = corner(64, 0, 3000, 64 * 256);
    let row = textured_row(64, 64, false, [far[0], near, far[1]]);
    assert!((47..=48).contains(&row[31]), "{row:?}");
    assert!(row[..63].is_sorted(), "{row:?}");
}

#[test]
fn surfaces_are_bounded() {
    let mut r = SoftwareRenderer::default();
    for id in 0..20 {
        let (width, height) = (u16::MAX, u16::MAX);
        run(&mut r, Command::Create { surface: SurfaceId(id), format: PixelFormat::Argb8888, width, height });
    }
    assert!((0..20).all(|id| r.surface(SurfaceId(id)).is_none()), "too large at once");
    for id in 0..20 {
        let (width, height) = (2048, 2048);
        run(&mut r, Command::Create { surface: SurfaceId(id), format: PixelFormat::Argb8888, width, height });
    }
    assert_eq!((0..20).filter(|&id| r.surface(SurfaceId(id)).is_some()).count(), 16);
}

#[test]
fn pictures_are_compared_within_a_tolerance() {
    let (a, b) = ([10, 0, 0, 255, 0, 0, 0, 255], [12, 0, 0, 255, 0, 0, 0, 255]);
    assert_eq!(compare(&a, &a, Tolerance::EXACT), Ok(()));
    assert!(matches!(
        compare(&a, &b, Tolerance::EXACT),
        Err(Mismatch::Dots { dots: 1, worst: 2, first: 0, .. })
    ));
    assert_eq!(compare(&a, &b, Tolerance { gun: 2, dots_per_million: 0 }), Ok(()));
    assert_eq!(compare(&a, &b, Tolerance { gun: 0, dots_per_million: 500_000 }), Ok(()));
    assert_eq!(compare(&a, &b[..4], Tolerance::EXACT), Err(Mismatch::Size(8, 4)));
}

/// Everything that a software renderer holds after a list.
fn drawn(list: &CommandList) -> Vec<Vec<u8>> {
    pictures(&mut SoftwareRenderer::default(), list)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_lists_draw_the_same_twice_and_survive_writing_down(seed: u64, length in 0usize..40) {
        let list = command_list(seed, length, Repertoire::Triangles);
        let bytes = postcard::to_stdvec(&list).unwrap();
        let again: CommandList = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&again, &list);
        let (first, second) = (drawn(&list), drawn(&again));
        for (surface, (a, b)) in first.iter().zip(&second).enumerate() {
            prop_assert_eq!(a, b);
            let (a, b) = (picture_rgba(surface, a), picture_rgba(surface, b));
            prop_assert_eq!(compare(&a, &b, Tolerance::EXACT), Ok(()));
        }
    }

    /// A fan around a random point covers the same pixels however the point is chosen: no gap, no overlap.
    #[test]
    fn neighbouring_triangles_share_no_pixel(x in 20i32..300, y in 20i32..200) {
        let mut r = renderer(&[(A, PixelFormat::Rgb888, 22, 15)]);
        let rim = [(16, 16), (336, 16), (336, 224), (16, 224)];
        let corner = |(x, y)| Vertex { x, y, q: 1, rgba: [90, 0, 0, 255], ..Vertex::default() };
        let fan = (0..4).flat_map(|i| [rim[i], rim[(i + 1) % 4], (x, y)]).map(corner).collect();
        run(&mut r, Command::Triangles { state: draw_with(Blend::Add), vertices: fan });
        for (x, y) in (0..15).flat_map(|y| (0..22).map(move |x| (x, y))) {
            let inside = (1..21).contains(&x) && (1..14).contains(&y);
            prop_assert_eq!(r.surface(A).unwrap().get(x, y), Some(if inside { 0x5A_0000 } else { 0 }));
        }
    }

    #[test]
    fn any_corners_are_harmless(raw: [(i32, i32, i32, i32); 3], perspective: (u16, u16, u16)) {
        let mut r = renderer(&[(A, PixelFormat::Rgb555, 16, 16), (B, PixelFormat::I1, 3, 3)]);
        let q = [perspective.0, perspective.1, perspective.2];
        let vertices = std::array::from_fn::<_, 3, _>(|i| {
            let (x, y, u, v) = raw[i];
            Vertex { x, y, u, v, q: q[i], z: 0, rgba: [255; 4] }
        });
        let texture = Some(Texture { surface: B, repeat: true });
        let state = TriangleState { texture, ..draw_with(Blend::Alpha) };
        run(&mut r, Command::Triangles { state, vertices: vertices.to_vec() });
    }
}
