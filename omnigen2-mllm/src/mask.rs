use burn::prelude::*;
use omnigen2_rope::Position;

use crate::input::Input;

/// The place of each sequence of a batch on the first rotary axis, its padding, and the attention mask that follows. Padding rests on the device, so that a further token costs the host no more than itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask {
    rows: Vec<Row>,
    /// `[batch, tokens]`, if a token is padding.
    padding: Option<Tensor<2, Bool>>,
}

#[derive(Clone, Debug, Default)]
struct Row {
    /// The place that follows, token by token.
    nexts: Vec<usize>,
    /// The number of tokens of padding before the first that is none.
    leading: usize,
    /// The first token of padding.
    first_padding: Option<usize>,
}

impl Mask {
    /// The number of tokens of each sequence, padding among them.
    pub(crate) fn tokens(&self) -> usize {
        self.rows.first().map_or(0, Row::tokens)
    }

    /// The number of sequences, if they have tokens.
    pub(crate) fn batch(&self) -> Option<usize> {
        (self.tokens() > 0).then_some(self.rows.len())
    }

    /// The rotary place that the next token of a sequence takes, from 0.
    pub(crate) fn next(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, Row::next)
    }

    /// Forgets all but the first `tokens`.
    pub(crate) fn truncate(&mut self, tokens: usize) {
        if tokens >= self.tokens() {
            return;
        }
        self.rows.iter_mut().for_each(|row| row.truncate(tokens));
        let is_padded = self.rows.iter().any(|row| row.first_padding.is_some());
        self.padding = self.padding.take().filter(|_| is_padded).map(|padding| padding.narrow(1, 0, tokens));
    }

    /// The keys that each query of an input does not see: those after it, and padding. None, where there is no
    /// padding, so that causal attention can do without a mask.
    ///
    /// # Shapes
    /// - output: `[batch, 1, queries, keys]`
    pub(crate) fn hidden_keys(&self, input: &Input) -> Option<Tensor<4, Bool>> {
        let padding = self.padding_with(input)?;
        let device = padding.device();
        let [batch, keys] = padding.dims();
        let queries = input.seq();
        let shape = [batch, 1, queries, keys];
        let places = |from: usize| Tensor::<1, Int>::arange(from as i64..keys as i64, &device);
        let key = places(0).reshape([1, 1, 1, keys]).expand(shape);
        let query = places(keys - queries).reshape([1, 1, queries, 1]).expand(shape);
        let begins: Vec<i64> = (0..batch).map(|row| self.begin(row, input) as i64).collect();
        let begin = Tensor::<1, Int>::from_data(TensorData::new(begins, [batch]), &device);
        let begin = begin.reshape([batch, 1, 1, 1]).expand(shape);
        // Before the sequence begins padding sees itself, for attention to nothing is no number.
        let itself = key.clone().equal(query.clone()).bool_and(query.clone().lower(begin));
        let padding = padding.reshape([batch, 1, 1, keys]).expand(shape).bool_and(itself.bool_not());
        Some(key.greater(query).bool_or(padding))
    }

    /// Notes that an input was read.
    pub(crate) fn note(&mut self, input: &Input) {
        self.padding = self.padding_with(input);
        if self.tokens() == 0 {
            self.rows = vec![Row::default(); input.places.len()];
        }
        for (index, (row, places)) in self.rows.iter_mut().zip(&input.places).enumerate() {
            let start = row.next();
            for (token, &Position(place)) in places.positions.iter().enumerate() {
                if input.pads(index, token) {
                    row.pad();
                } else {
                    let after = start + place.into_iter().max().unwrap_or(0) + 1;
                    row.nexts.push(row.next().max(after));
                }
            }
        }
    }

    /// The padding of all tokens with those of an input, if there is any.
    fn padding_with(&self, input: &Input) -> Option<Tensor<2, Bool>> {
        if self.padding.is_none() && !input.is_padded() {
            return None;
        }
        let [batch, seq, _] = input.embeddings.dims();
        let device = input.embeddings.device();
        let none = |tokens| Tensor::<2, Bool>::zeros([batch, tokens], &device);
        let new = if input.is_padded() {
            let pads = (0..batch).flat_map(|row| (0..seq).map(move |token| input.pads(row, token)));
            Tensor::from_data(TensorData::new(pads.collect::<Vec<bool>>(), [batch, seq]), &device)
        } else {
            none(seq)
        };
        let past = self.tokens();
        if past == 0 {
            return Some(new);
        }
        let past = self.padding.clone().unwrap_or_else(|| none(past));
        Some(Tensor::cat(vec![past, new], 1))
    }

    /// The first token of a sequence that is no padding, an input's among them.
    fn begin(&self, row: usize, input: &Input) -> usize {
        let (past, leading) = self.rows.get(row).map_or((0, 0), |row| (row.tokens(), row.leading));
        if leading < past {
            return leading;
        }
        past + (0..input.seq()).take_while(|&token| input.pads(row, token)).count()
    }
}

impl Row {
    fn tokens(&self) -> usize {
        self.nexts.len()
    }

    fn next(&self) -> usize {
        self.nexts.last().copied().unwrap_or(0)
    }

    fn pad(&mut self) {
        let token = self.tokens();
        self.first_padding.get_or_insert(token);
        self.leading += usize::from(self.leading == token);
        self.nexts.push(self.next());
    }

    fn truncate(&mut self, tokens: usize) {
        self.nexts.truncate(tokens);
        self.leading = self.leading.min(tokens);
        self.first_padding = self.first_padding.filter(|&first| first < tokens);
    }
}

#[cfg(test)]
mod tests {
    use omnigen2_rope::MropePositions;

    use super::*;

    /// An input of tokens in a row, of which some are padding.
    fn input(padding: &[&[bool]]) -> Input {
        let (batch, seq) = (padding.len(), padding[0].len());
        let places = MropePositions { positions: (0..seq).map(Position::diagonal).collect(), next: seq };
        Input {
            embeddings: Tensor::zeros([batch, seq, 1], &Device::flex()),
            places: vec![places; batch],
            padding: padding.iter().map(|row| row.to_vec()).collect(),
        }
    }

    /// The mask of `queries` last tokens, key by key.
    fn expected(padding: &[Vec<bool>], queries: usize) -> Vec<bool> {
        let mut hidden = Vec::new();
        for row in padding {
            let begin = row.iter().position(|&pad| !pad).unwrap_or(row.len());
            for query in row.len() - queries..row.len() {
                let pads = |key: usize| row[key] && !(key == query && query < begin);
                hidden.extend((0..row.len()).map(|key| key > query || pads(key)));
            }
        }
        hidden
    }

    fn values(mask: Tensor<4, Bool>) -> Vec<bool> {
        mask.into_data().iter::<bool>().collect()
    }

    #[test]
    fn it_hides_what_comes_after_and_padding_however_it_is_read() {
        let rows: [&[bool]; 3] = [
            &[true, true, true, false, false, true, false],
            &[false; 7],
            &[true, false, true, true, false, false, true],
        ];
        for cuts in [vec![7], vec![1, 6], vec![3, 1, 1, 2], vec![1; 7]] {
            let mut mask = Mask::default();
            let mut read = 0;
            for cut in cuts {
                let part: Vec<&[bool]> = rows.iter().map(|row| &row[read..read + cut]).collect();
                let input = input(&part);
                read += cut;
                let so_far: Vec<Vec<bool>> = rows.iter().map(|row| row[..read].to_vec()).collect();
                let found = mask.hidden_keys(&input).unwrap();
                assert_eq!(found.dims(), [3, 1, cut, read]);
                assert_eq!(values(found), expected(&so_far, cut));
                mask.note(&input);
                assert_eq!(mask.tokens(), read);
            }
        }
    }

    #[test]
    fn without_padding_there_is_no_mask_even_after_forgetting_it() {
        let plain = input(&[&[false, false]]);
        let mut mask = Mask::default();
        mask.note(&plain);
        assert!(mask.hidden_keys(&plain).is_none());
        mask.note(&input(&[&[true, false]]));
        assert!(mask.hidden_keys(&plain).is_some());
        mask.truncate(3);
        let found = mask.hidden_keys(&input(&[&[false]])).unwrap();
        assert_eq!(values(found), [false, false, true, false]);
        mask.truncate(2);
        assert!(mask.hidden_keys(&plain).is_none());
        assert_eq!((mask.tokens(), mask.next(0)), (2, 2));
    }
}
