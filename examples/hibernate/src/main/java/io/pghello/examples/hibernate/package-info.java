// SPDX-License-Identifier: MIT
/** Users who are greeted when Hibernate saves them: the program of {@code ./dev demo hibernate}. */
@NullMarked
package io.pghello.examples.hibernate;

import org.jspecify.annotations.NullMarked;
