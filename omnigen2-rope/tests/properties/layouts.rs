//! Windows, merge blocks and the places of sequences.

use std::collections::HashSet;

use omnigen2_rope::{
    Grid, OmniLayout, Position, Segment, WindowLayout, merge_block_positions, mrope_positions,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn grid(longest: usize) -> impl Strategy<Value = Grid> {
    (1..=longest, 1..=longest).prop_map(|(rows, columns)| Grid::new(rows, columns))
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![(1usize..20).prop_map(Segment::Text), grid(6).prop_map(Segment::Image)]
}

proptest! {
    #[test]
    fn windows_hold_every_token_once(grid in grid(24), side in 1usize..9) {
        let WindowLayout { mut order, lengths } = WindowLayout::new(grid, side);
        prop_assert_eq!(lengths.iter().sum::<usize>(), grid.cells());
        prop_assert_eq!(lengths.len(), grid.rows.div_ceil(side) * grid.columns.div_ceil(side));
        prop_assert!(lengths.iter().all(|length| (1..=side * side).contains(length)));
        order.sort_unstable();
        prop_assert!(order.into_iter().eq(0..grid.cells()));
    }

    #[test]
    fn a_window_is_smaller_than_its_side(grid in grid(24), side in 1usize..9) {
        let layout = WindowLayout::new(grid, side);
        let mut rest = layout.order.as_slice();
        for length in layout.lengths {
            let (window, after) = rest.split_at(length);
            let corners = window.iter().map(|token| [token / grid.columns / side, token % grid.columns / side]);
            prop_assert_eq!(corners.collect::<HashSet<_>>().len(), 1);
            rest = after;
        }
    }

    #[test]
    fn the_inverse_undoes_the_order(grid in grid(24), side in 1usize..9) {
        let layout = WindowLayout::new(grid, side);
        let inverse = layout.inverse();
        prop_assert!(layout.order.iter().map(|&token| inverse[token]).eq(0..grid.cells()));
        prop_assert!(inverse.iter().map(|&place| layout.order[place]).eq(0..grid.cells()));
    }

    #[test]
    fn merge_blocks_hold_every_patch_once_and_together(blocks in grid(8), merge in 1usize..4) {
        let patches = Grid::new(blocks.rows * merge, blocks.columns * merge);
        let positions = merge_block_positions(patches, merge);
        for (block, inside) in positions.chunks(merge * merge).enumerate() {
            let corner = [block / blocks.columns, block % blocks.columns];
            prop_assert!(inside.iter().all(|Position([_, row, column])| [row / merge, column / merge] == corner));
        }
        let found: HashSet<Position> = positions.iter().copied().collect();
        prop_assert_eq!(found.len(), positions.len());
        prop_assert_eq!(found, patches.positions(Position::diagonal(0)).collect::<HashSet<_>>());
    }

    #[test]
    fn text_rises_by_one_from_the_place_after_the_largest(segments in vec(segment(), 1..6)) {
        let laid_out = mrope_positions(&segments);
        let mut rest = laid_out.positions.as_slice();
        let mut start = 0;
        for segment in &segments {
            let (run, after) = rest.split_at(segment.tokens());
            match segment {
                Segment::Text(tokens) => {
                    prop_assert!(run.iter().copied().eq((start..start + tokens).map(Position::diagonal)));
                }
                Segment::Image(grid) => {
                    prop_assert!(run.iter().copied().eq(grid.positions(Position::diagonal(start))));
                }
            }
            start = 1 + run.iter().flat_map(|place| place.0).max().unwrap();
            rest = after;
        }
        prop_assert!(rest.is_empty());
        prop_assert_eq!(laid_out.next, start);
    }

    #[test]
    fn only_images_take_fewer_places_than_tokens(segments in vec(segment(), 0..6)) {
        let saved = segments.iter().map(|segment| match segment {
            Segment::Text(_) => 0,
            Segment::Image(grid) => grid.cells() - grid.longest(),
        });
        prop_assert_eq!(mrope_positions(&segments).delta(), -(saved.sum::<usize>() as isize));
    }

    #[test]
    fn no_two_tokens_of_the_joint_sequence_share_a_place(
        text in 0usize..40,
        references in vec(grid(6), 0..4),
        target in grid(6),
    ) {
        let layout = OmniLayout { text, references, target };
        let joint = layout.joint();
        let cells = layout.references.iter().map(|grid| grid.cells()).sum::<usize>();
        prop_assert_eq!(joint.len(), text + cells + target.cells());
        prop_assert_eq!(joint.iter().collect::<HashSet<_>>().len(), joint.len());
        prop_assert!(joint.is_sorted_by_key(|place| place.0[0]));
    }
}
