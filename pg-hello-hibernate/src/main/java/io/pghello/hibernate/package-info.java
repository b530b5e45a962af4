// SPDX-License-Identifier: MIT
/**
 * The extension's functions in Hibernate. In HQL, {@code pg_hello(u.name)}, {@code now_ms()} and
 * {@code spi_version()} are available as soon as this module is on the class path. For Criteria
 * queries, use {@link io.pghello.hibernate.PgHelloFunctions}. For other JPA providers, use {@link
 * io.pghello.hibernate.WelcomeListener}.
 */
@NullMarked
package io.pghello.hibernate;

import org.jspecify.annotations.NullMarked;
