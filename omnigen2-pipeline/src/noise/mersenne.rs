/// Words of state.
const WORDS: usize = 624;
/// How far ahead the word lies that is mixed into each.
const AHEAD: usize = 397;

/// MT19937 (Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 8(1), 1998), seeded by one word.
#[derive(Clone, Debug)]
pub(super) struct MersenneTwister {
    state: Vec<u32>,
    next: usize,
}

impl MersenneTwister {
    pub(super) fn new(seed: u32) -> Self {
        let mut state = Vec::with_capacity(WORDS);
        let mut word = seed;
        for i in 1..=WORDS as u32 {
            state.push(word);
            word = 1_812_433_253_u32.wrapping_mul(word ^ word >> 30).wrapping_add(i);
        }
        Self { state, next: WORDS }
    }

    pub(super) fn next_u32(&mut self) -> u32 {
        if self.next == WORDS {
            self.twist();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9D2C_5680;
        word ^= word << 15 & 0xEFC6_0000;
        word ^ word >> 18
    }

    fn twist(&mut self) {
        for i in 0..WORDS {
            let joined = self.state[i] & 1 << 31 | self.state[(i + 1) % WORDS] & (u32::MAX >> 1);
            let feedback = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[i] = self.state[(i + AHEAD) % WORDS] ^ joined >> 1 ^ feedback;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_number_is_the_one_the_cpp_standard_demands() {
        let mut bits = MersenneTwister::new(5489);
        for _ in 0..9_999 {
            bits.next_u32();
        }
        assert_eq!(bits.next_u32(), 4_123_659_995);
    }
}
