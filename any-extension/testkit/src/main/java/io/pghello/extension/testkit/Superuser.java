// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Makes a {@link javax.sql.DataSource} or {@link java.sql.Connection} that a test of a {@link
 * DatabaseExtension} gets log in as the superuser, not as the role that the database belongs to.
 */
@Documented
@Target({ElementType.PARAMETER, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
public @interface Superuser {}
