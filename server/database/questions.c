#include "questions.h"

#include "counters.h"
#include "log.h"

/* Every type that is an input or an answer, for the room that the queue has for each. */
union input {
    struct call call;
    struct entered_code code;
    struct placed_call placed;
    struct call_end end;
    struct message message;
    struct delivery delivery;
    struct call_event event;
    struct prompt_wanted wanted;
    struct apology apology;
};
union answer {
    struct call_answer answer;
    struct prompt prompt;
};
_Static_assert(sizeof(union input) <= QUESTION_INPUT_BYTES, "an input fits a place in the queue");
_Static_assert(sizeof(union answer) <= QUESTION_ANSWER_BYTES, "and so does an answer");

/* A question for the switchboard, which knows neither type, of a store function that does. */
#define QUESTION(store_function, input_type, answer_type)                                   \
    static enum db_status run_##store_function(struct store *store, const void *inputs,     \
                                               void *answers, size_t count, int limit_ms)   \
    {                                                                                       \
        const input_type *typed_inputs = inputs;                                            \
        answer_type *typed_answers = answers; /* NOLINT(bugprone-macro-parentheses) */      \
        return store_##store_function(store, typed_inputs, typed_answers, count, limit_ms); \
    }                                                                                       \
    static const struct question store_function##_question = {                              \
        #store_function, sizeof(input_type), sizeof(answer_type), run_##store_function};

QUESTION(answer_calls, struct call, struct call_answer)
QUESTION(answer_codes, struct entered_code, struct call_answer)
QUESTION(answer_requests, struct placed_call, struct call_answer)
QUESTION(answer_messages, struct message, struct call_answer)
QUESTION(record_events, struct call_event, struct prompt)
QUESTION(find_prompts, struct prompt_wanted, struct prompt)

/* The same for one without an answer. */
#define RECORD(store_function, input_type)                                                         \
    static enum db_status run_##store_function(struct store *store, const void *inputs,            \
                                               void *answers, size_t count, int limit_ms)          \
    {                                                                                              \
        const input_type *typed_inputs = inputs;                                                   \
        (void)answers;                                                                             \
        return store_##store_function(store, typed_inputs, count, limit_ms);                       \
    }                                                                                              \
    static const struct question store_function##_question = {#store_function, sizeof(input_type), \
                                                              0, run_##store_function};

RECORD(record_apologies, struct apology)
RECORD(record_deliveries, struct delivery)
RECORD(end_requests, struct call_end)

/* ---- asking ---- */

static enum switchboard_status ask(struct asking *asking, const struct question *question,
                                   const void *input, void *answer)
{
    return switchboard_ask(asking->switchboard, question, input, answer, asking->deadline_ms,
                           &asking->batch);
}

enum switchboard_status ask_call(struct asking *asking, const struct call *call,
                                 struct call_answer *answer)
{
    return ask(asking, &answer_calls_question, call, answer);
}

enum switchboard_status ask_code(struct asking *asking, const struct entered_code *code,
                                 struct call_answer *answer)
{
    return ask(asking, &answer_codes_question, code, answer);
}

enum switchboard_status ask_placed(struct asking *asking, const struct placed_call *placed,
                                   struct call_answer *answer)
{
    return ask(asking, &answer_requests_question, placed, answer);
}

enum switchboard_status ask_end(struct asking *asking, const struct call_end *end)
{
    char nothing;
    return ask(asking, &end_requests_question, end, &nothing);
}

enum switchboard_status ask_message(struct asking *asking, const struct message *message,
                                    struct call_answer *answer)
{
    return ask(asking, &answer_messages_question, message, answer);
}

enum switchboard_status ask_delivery(struct asking *asking, const struct delivery *delivery)
{
    char nothing;
    return ask(asking, &record_deliveries_question, delivery, &nothing);
}

enum switchboard_status ask_event(struct asking *asking, const struct call_event *event,
                                  struct prompt *prompt)
{
    return ask(asking, &record_events_question, event, prompt);
}

enum switchboard_status ask_prompt(struct asking *asking, const struct prompt_wanted *wanted,
                                   struct prompt *prompt)
{
    return ask(asking, &find_prompts_question, wanted, prompt);
}

/* ---- leaving something to be written ---- */

static bool post(struct switchboard *switchboard, const struct question *question,
                 const void *input)
{
    static struct log_limit limit;
    if (switchboard_post(switchboard, question, input))
        return true;
    counters_count(COUNTER_RECORDS_LOST);
    log_event_limited(&limit, LOG_ERROR, "record_lost",
                      "what=%s reason=\"too many are waiting for the database\"", question->name);
    return false;
}

void post_apology(struct switchboard *switchboard, const struct apology *apology)
{
    (void)post(switchboard, &record_apologies_question, apology);
}

void post_message(struct switchboard *switchboard, const struct message *message)
{
    (void)post(switchboard, &answer_messages_question, message);
}

bool post_event(struct switchboard *switchboard, const struct call_event *event)
{
    return post(switchboard, &record_events_question, event);
}
