//! Answers that are kept for all threads, and that nobody ever waits for.
//!
//! A process can be forked while another thread holds the lock, and in the child it would be held for ever. So who
//! finds it held does without: the answer is made anew. Threads meet there once in thousands of pictures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

/// The last answers by their questions; when it is full it is emptied.
pub struct Kept<K, V> {
    most: usize,
    answers: Mutex<BTreeMap<K, Arc<V>>>,
}

impl<K: Ord, V> Kept<K, V> {
    /// Keeps so many answers.
    pub const fn new(most: usize) -> Kept<K, V> {
        Kept { most, answers: Mutex::new(BTreeMap::new()) }
    }

    /// The answer to a question, made if it is not there, and kept if it is `worth` it.
    pub fn get(&self, key: K, make: impl FnOnce() -> V, worth: impl FnOnce(&V) -> bool) -> Arc<V> {
        if let Some(found) = self.answers().and_then(|answers| answers.get(&key).cloned()) {
            return found;
        }
        let made = Arc::new(make());
        if let Some(mut answers) = self.answers().filter(|_| worth(&made)) {
            if answers.len() >= self.most {
                answers.clear();
            }
            answers.insert(key, Arc::clone(&made));
        }
        made
    }

    fn answers(&self) -> Option<MutexGuard<'_, BTreeMap<K, Arc<V>>>> {
        match self.answers.try_lock() {
            Ok(answers) => Some(answers),
            Err(TryLockError::Poisoned(poisoned)) => Some(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_made_once_while_it_is_kept() {
        let kept = Kept::new(2);
        let get = |key: u8| *kept.get(key, std::time::Instant::now, |_| true);
        let (one, two) = (get(1), get(2));
        assert!(get(1) == one && get(2) == two);
        get(3);
        assert_ne!(get(1), one);
        (0..100).for_each(|key| assert!(get(key) > two));
        assert!(kept.answers.lock().unwrap().len() <= 2);
    }

    #[test]
    fn who_finds_it_held_makes_the_answer_anew() {
        let kept: Kept<u8, u8> = Kept::new(2);
        let held = kept.answers.lock().unwrap();
        assert_eq!(*kept.get(1, || 7, |_| true), 7);
        assert!(held.is_empty());
    }

    #[test]
    fn what_is_not_worth_it_is_not_kept() {
        let kept: Kept<u8, u8> = Kept::new(2);
        kept.get(1, || 7, |_| false);
        assert_eq!(*kept.get(1, || 8, |_| true), 8);
    }
}
