echo {inputs.x}
