// SPDX-License-Identifier: MIT
/**
 * HTTP code shared by the services: problem details, strict JSON, body limits, security headers,
 * and the administrator's token. To use it, import {@link
 * io.pghello.examples.web.WebConfiguration}.
 */
@NullMarked
package io.pghello.examples.web;

import org.jspecify.annotations.NullMarked;
