//! Replies decoded as the checkpoint says, of which the goldens hold those that chance has no part in.

use burn::tensor::FloatDType;
use omnigen2_mllm::{Decoder, Input, KvCache, Mllm, Next, Sampler};

use crate::checkpoint::{Checkpoint, causes};
use crate::golden::{Golden, Outcome, Score};
use crate::mllm;

/// Prompts of several lengths that are continued together.
pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let mllm = checkpoint.mllm()?;
    let (ids, mask, expected) = (mllm::ids(case), case.ints("in.mask"), case.ints("out.ids"));
    let (rows, seq) = (case.shape("in.ids")[0], case.shape("in.ids")[1]);
    let real = |mask: &[i32]| mask.iter().position(|&real| real != 0).unwrap_or(seq);
    let prompts: Vec<&[u32]> =
        ids.chunks(seq).zip(mask.chunks(seq)).map(|(ids, m)| &ids[real(m)..]).collect();
    let sequences = prompts.iter().map(|ids| Input::text(&mllm, ids, FloatDType::F32).map_err(causes));
    let sequences = sequences.collect::<Result<Vec<_>, _>>()?;
    let greedy = Greedy::new(&mllm, checkpoint, &prompts)?;
    let input = Input::left_padded(&mllm, sequences, greedy.padding).map_err(causes)?;
    let replies = greedy.reply(&input, expected.len() / rows)?;
    Score::within(0.0).exact("greedy ids", &replies.concat(), &expected)
}

pub struct Greedy<'m> {
    mllm: &'m Mllm,
    decoder: Decoder,
    padding: u32,
}

impl<'m> Greedy<'m> {
    pub fn new(mllm: &'m Mllm, checkpoint: &Checkpoint, prompts: &[&[u32]]) -> Result<Self, String> {
        let config = checkpoint.files()?.generation_config().map_err(causes)?;
        let sampler = |ids: &&[u32]| {
            let mut sampler = Sampler::new(config.sampling(), 0);
            sampler.note(ids);
            sampler
        };
        let stop = config.stop_tokens();
        let padding = config.pad_token().or(stop.last().copied()).ok_or("no token to pad with")?;
        let decoder = Decoder::new(prompts.iter().map(sampler).collect(), stop);
        Ok(Self { mllm, decoder, padding })
    }

    /// `tokens` tokens of each sequence, filled up with padding.
    pub fn reply(mut self, input: &Input, tokens: usize) -> Result<Vec<Vec<i32>>, String> {
        let mut cache = KvCache::default();
        let mut hidden = self.mllm.extend(input, &mut cache).map_err(causes)?;
        let mut replies = vec![Vec::new(); input.places.len()];
        for _ in 0..tokens {
            let next = self.decoder.choose(self.mllm.next_logits(hidden)).map_err(causes)?;
            let ids: Vec<u32> = next.iter().map(|next| self.id(*next)).collect();
            replies.iter_mut().zip(&ids).for_each(|(reply, id)| reply.push(id.cast_signed()));
            let input = Input::next_tokens(self.mllm, &ids, FloatDType::F32).map_err(causes)?;
            hidden = self.mllm.extend(&input, &mut cache).map_err(causes)?;
        }
        Ok(replies)
    }

    fn id(&self, next: Next) -> u32 {
        match next {
            Next::Token(id) | Next::Stop(id) => id,
            Next::Over => self.padding,
        }
    }
}
