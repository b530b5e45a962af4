// SPDX-License-Identifier: MIT
/**
 * The HTTP code that the services share: problem details, strict JSON, bounds of bodies, headers
 * that protect browsers, and the administrator's token. An application imports {@link
 * io.pghello.examples.web.WebConfiguration}.
 */
@NullMarked
package io.pghello.examples.web;

import org.jspecify.annotations.NullMarked;
