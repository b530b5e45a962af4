// SPDX-License-Identifier: MIT
package io.pghello.spring.boot.app;

import org.springframework.boot.autoconfigure.SpringBootApplication;

/** A typical application, with everything on its class path. */
@SpringBootApplication
class TestApplication {}
