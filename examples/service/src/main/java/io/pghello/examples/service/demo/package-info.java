// SPDX-License-Identifier: MIT
/** The program of {@code ./dev demo service}, which starts the service; not for others. */
@NullMarked
package io.pghello.examples.service.demo;

import org.jspecify.annotations.NullMarked;
