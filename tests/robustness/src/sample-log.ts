/** A small log in the form of the corpus, written by hand, for machines that do not have it. */
export const SAMPLE_LOG = `
[09:00] <ada> good morning
[09:00] <bo> morning ada
[09:01] <ada> did the nightly build go through?
[09:01] <cyd> ada: all but the docs
[09:01] <cyd> the link checker does not like the new anchor
[09:02]  * bo looks
[09:03] <bo> cyd: it is a typo, "recieve" in the heading
[09:03] <cyd> oh
[09:03] <cyd> fixed
[09:04] <ada> thanks!
[09:05] === dov [~dov@example.org]  has joined #sample
[09:05] <dov> hi, does anybody know why my sound is gone after the update?
[09:06] <eva> dov: which card?
[09:06] <dov> eva: something on the board, lspci says Intel 82801
[09:06] <eva> dov: is it muted in alsamixer?
[09:07] <dov> how do I see that
[09:07] <eva> dov: MM below the bar means muted, press m
[09:08] <dov> eva: you are a genius
[09:08]  * eva bows
[09:09] <fin> ¿alguien habla español?
[09:09] <gus> fin: hay otro canal, pero pregunta
[09:10] <fin> gus: gracias, ya lo encontré 🙂
[09:11] <ada> lunch at 12?
[09:11] <bo> ada: yes
[09:11] <cyd> ada: yes, but not the place with the soup
[09:12] <hal> ada: +1
[09:13] <ida> can someone review the change to the parser? 2 files, mostly tests
[09:13] <hal> ida: on it
[09:14] <hal> ida: line 40, off by one when the input ends with a newline
[09:15] <ida> hal: good catch, there is even a test for it that I broke
[09:15] <jon> what is the difference between the two of you and a linter
[09:16] <hal> jon: coffee
[09:16]  * jon gets some
[09:17] <kim> 統合テストが落ちています
[09:17] <kim> ada: the integration test fails since 9, looks like the clock of the runner
[09:18] <ada> kim: restarting the runner
[09:18] <ada> kim: done, green again
[09:19] <lea> <b>is markup shown?</b> & "quotes" too?
[09:19] <bo> lea: as you typed it
[09:20] <lea>  leading and trailing blanks 
`;
