/* questions.c - see questions.h. */
#include "questions.h"

#include "log.h"
#include "metrics.h"

/* Every type that is an input or an answer, for the room that the queue has for each. */
union input {
    struct call call;
    struct entered_code code;
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

/* ---- asking ---- */

static enum switchboard_status ask(struct service *service, const struct webhook *webhook,
                                   const struct question *question, const void *input, void *answer,
                                   struct response *response)
{
    unsigned batch = 0;
    int64_t deadline = service_deadline_ms(service, webhook);
    enum switchboard_status status =
        switchboard_ask(service->switchboard, question, input, answer, deadline, &batch);
    switch (status) {
    case SWITCHBOARD_ANSWERED:
        response_note(response, "batch=%u", batch);
        break;
    case SWITCHBOARD_TIMEOUT:
        response_note(response, "reason=timeout");
        break;
    case SWITCHBOARD_FULL:
        response_note(response, "reason=database_silent");
        break;
    case SWITCHBOARD_REFUSED:
        response_note(response, "reason=database_refused");
        break;
    }
    return status;
}

enum switchboard_status ask_call(struct service *service, const struct webhook *webhook,
                                 const struct call *call, struct call_answer *answer,
                                 struct response *response)
{
    return ask(service, webhook, &answer_calls_question, call, answer, response);
}

enum switchboard_status ask_code(struct service *service, const struct webhook *webhook,
                                 const struct entered_code *code, struct call_answer *answer,
                                 struct response *response)
{
    return ask(service, webhook, &answer_codes_question, code, answer, response);
}

enum switchboard_status ask_message(struct service *service, const struct webhook *webhook,
                                    const struct message *message, struct call_answer *answer,
                                    struct response *response)
{
    return ask(service, webhook, &answer_messages_question, message, answer, response);
}

enum switchboard_status ask_delivery(struct service *service, const struct webhook *webhook,
                                     const struct delivery *delivery, struct response *response)
{
    char nothing;
    return ask(service, webhook, &record_deliveries_question, delivery, &nothing, response);
}

enum switchboard_status ask_event(struct service *service, const struct webhook *webhook,
                                  const struct call_event *event, struct prompt *prompt,
                                  struct response *response)
{
    return ask(service, webhook, &record_events_question, event, prompt, response);
}

enum switchboard_status ask_prompt(struct service *service, const struct webhook *webhook,
                                   const struct prompt_wanted *wanted, struct prompt *prompt,
                                   struct response *response)
{
    return ask(service, webhook, &find_prompts_question, wanted, prompt, response);
}

/* ---- leaving something to be written ---- */

static bool post(struct service *service, const struct question *question, const void *input)
{
    static struct log_limit limit;
    if (switchboard_post(service->switchboard, question, input))
        return true;
    metrics_count(METRIC_RECORDS_LOST);
    log_event_limited(&limit, LOG_ERROR, "record_lost",
                      "what=%s reason=\"too many are waiting for the database\"", question->name);
    return false;
}

void post_apology(struct service *service, const struct apology *apology)
{
    (void)post(service, &record_apologies_question, apology);
}

void post_message(struct service *service, const struct message *message)
{
    (void)post(service, &answer_messages_question, message);
}

bool post_event(struct service *service, const struct call_event *event)
{
    return post(service, &record_events_question, event);
}
