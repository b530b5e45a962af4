// SPDX-License-Identifier: MIT
package io.pghello.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a {@link javax.sql.DataSource} or {@link java.sql.Connection} of {@link PgHelloTest} log in
 * as the superuser instead of the role that owns the database.
 */
@Documented
@Target(ElementType.PARAMETER)
@Retention(RetentionPolicy.RUNTIME)
@io.pghello.extension.testkit.Superuser
public @interface Superuser {}
