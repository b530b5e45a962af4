// SPDX-License-Identifier: MIT
/** Tests of the functions with Hibernate Reactive. */
@NullMarked
package io.pghello.examples.reactive;

import org.jspecify.annotations.NullMarked;
