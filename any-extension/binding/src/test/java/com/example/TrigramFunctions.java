// SPDX-License-Identifier: MIT
package com.example;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.hibernate.ExtensionFunctionContributor;

public class TrigramFunctions extends ExtensionFunctionContributor {
  public TrigramFunctions() {
    super(
        ExtensionDescription.builder("pg_trgm")
            .minimumVersion("1.3")
            .function("similarity(text, text)", "real")
            .build());
  }
}
