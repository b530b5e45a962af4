// SPDX-License-Identifier: MIT
/** Users who are welcomed when they are saved, with Hibernate: {@code ./dev demo hibernate}. */
@NullMarked
package io.pghello.examples.hibernate;

import org.jspecify.annotations.NullMarked;
