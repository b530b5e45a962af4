// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.testkit.ExtensionTest;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

// region annotation
@Retention(RetentionPolicy.RUNTIME)
@ExtensionTest(extensions = "hstore")
public @interface HstoreTest {
  String[] scripts() default {};

  ExtensionTest.Scope database() default ExtensionTest.Scope.METHOD;
}
// endregion
