// SPDX-License-Identifier: MIT
/**
 * The extension's functions in Hibernate. In HQL there is nothing to do: {@code pg_hello(u.name)},
 * {@code now_ms()} and {@code spi_version()} are there when this is on the class path. For Criteria
 * see {@link io.pghello.hibernate.PgHelloFunctions}; for plain JPA there is {@link
 * io.pghello.hibernate.WelcomeListener}.
 */
@NullMarked
package io.pghello.hibernate;

import org.jspecify.annotations.NullMarked;
