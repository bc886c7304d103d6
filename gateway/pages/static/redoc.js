Redoc.init("/api/schema", { hideHostname: true, requiredPropsFirst: true, sortTagsAlphabetically: true }, document.getElementById("reader"));
