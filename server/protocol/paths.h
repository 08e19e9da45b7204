/*
 * paths.h - the paths of endpoints.def that our own answers name.
 *
 * Plivo learns these from the XML, so endpoints.def and reply.c must agree on each
 * letter: both take them from here.
 */
#pragma once

#define PATH_DIAL_ACTION "/dial/action"             /* <Dial action> */
#define PATH_DIAL_EVENT "/dial/event"               /* <Dial callbackUrl> */
#define PATH_CODE "/code/"                          /* <GetDigits action>, and the attempt */
#define PATH_REQUEST "/request/"                    /* a call that we place, and its request */
#define PATH_REQUEST_KEY "/request/key/"            /* its <GetDigits action> */
#define PATH_RECORDING "/recording"                 /* <Record callbackUrl> */
#define PATH_MESSAGE_STATUS "/message/status/"      /* <Message callbackUrl>, id, part, "/" */
#define PATH_ANNOUNCEMENT "/recording/announcement" /* <Dial confirmSound>, or "/" and CallUUID */
